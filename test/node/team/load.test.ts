import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../../../src/core/errors.ts';
import { loadTeam } from '../../../src/node/team/load.ts';
import type { LoadedTeam, TeamRequest } from '../../../src/node/team/load.ts';
import { skipFor } from '../../harness/skip.ts';

const run = promisify(execFile);

describe('loading the team', () => {
  let folder: string;
  let root: string;
  let profile: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-team-')));
    root = join(folder, 'project');
    profile = join(folder, 'profile');
    await mkdir(join(root, '.orchestration'), { recursive: true });
    await mkdir(profile);
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const projects = (text: string | Uint8Array) => writeFile(join(root, '.orchestration/team.yaml'), text);
  const mine = (text: string | Uint8Array) => writeFile(join(profile, 'team.yaml'), text);
  const load = (more: Partial<TeamRequest> = {}): Promise<LoadedTeam> =>
    loadTeam({ root, trusted: true, profile, ...more });

  async function refused(code = 'team-file', more: Partial<TeamRequest> = {}): Promise<UserError> {
    const error = await load(more).then(
      () => assert.fail('it was loaded'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    return error;
  }

  it('gives the built-in team where nothing else is', async () => {
    const loaded = await load({ profile: join(folder, 'nowhere') });
    assert.equal(loaded.team.roles['architect']?.models[0]?.model, 'gpt-5');
    assert.deepEqual(loaded.sources, [{ from: 'the built-in team', whose: 'built-in' }]);
    assert.deepEqual(loaded.notes, []);
  });

  it('lays the project’s file over the person’s over the built-in team', async () => {
    await mine('budget: { calls: 30 }\nroles:\n  critic: { title: Mine }\n  security: { title: Mine }\n');
    await projects('roles:\n  critic:\n    title: Theirs\nchecks:\n  - { name: test, run: npm test }\n');
    const { team, sources, notes, brought } = await load();
    assert.equal(team.roles['critic']?.title, 'Theirs');
    assert.equal(team.roles['security']?.title, 'Mine');
    assert.equal(team.budget.calls, 30);
    assert.deepEqual(
      sources.map(({ from, whose }) => [from, whose]),
      [
        ['the built-in team', 'built-in'],
        [join(profile, 'team.yaml'), 'person'],
        ['.orchestration/team.yaml', 'workspace'],
      ],
    );
    assert.deepEqual(brought.checks, ['test']);
    assert.deepEqual(notes, ['.orchestration/team.yaml: changes what stands below it: `roles.critic` (title).']);
  });

  it('reads nothing that an untrusted folder brings, and says so', async () => {
    await mine('budget: { calls: 30 }\n');
    // Were it opened, this would hang or fail.
    if (process.platform !== 'win32') await run('mkfifo', [join(root, '.orchestration/team.yaml')]);
    else await projects('roles: [');
    const { team, notes, sources } = await load({ trusted: false });
    assert.equal(team.budget.calls, 30);
    assert.equal(sources.length, 2);
    assert.deepEqual(notes, [
      '.orchestration/team.yaml is not read: this folder is not trusted. `orchestra trust` changes that.',
    ]);
  });

  it('says nothing of trust where there is no file', async () => {
    assert.deepEqual((await load({ trusted: false })).notes, []);
  });

  it('takes a named file as the person’s word outside the project, as the repository’s inside', async () => {
    await projects('roles: { critic: { title: Theirs } }\n');
    const outside = join(folder, 'named.yaml');
    await writeFile(outside, 'budget: { calls: 999 }\n');
    const named = await load({ explicit: outside, trusted: false });
    assert.equal(named.team.budget.calls, 999);
    assert.equal(named.team.roles['critic']?.title, 'Critic');
    assert.deepEqual(named.sources.at(-1), { from: outside, whose: 'person', path: outside });

    const inside = join(root, 'other.yaml');
    await writeFile(inside, 'budget: { calls: 999 }\n');
    const theirs = await load({ explicit: inside });
    assert.equal(theirs.team.budget.calls, 40);
    assert.equal(theirs.sources.at(-1)?.whose, 'workspace');
    assert.match(
      (await refused('untrusted', { explicit: inside, trusted: false })).message,
      /^The team file other\.yaml lies in a folder that you have not trusted\.$/,
    );
    // A link from outside does not make it the person's.
    const link = join(folder, 'link.yaml');
    await symlink(inside, link);
    await refused('untrusted', { explicit: link, trusted: false });
    assert.match(
      (await refused('team-file', { explicit: join(folder, 'none.yaml') })).message,
      /^There is no team file .*none\.yaml\.$/,
    );
  });

  it('names file, line and column of what is wrong', async () => {
    await projects('roles:\n  critic:\n    models:\n      - model: gemini2.5-pro\n');
    const { message, hint } = await refused();
    assert.equal(
      message,
      '.orchestration/team.yaml:4:16: No model is called `gemini2.5-pro`; did you mean `gemini-2.5-pro`?',
    );
    assert.ok(hint);
  });

  const lines: [what: string, text: string | Uint8Array, line: string][] = [
    [
      'malformed YAML',
      'roles:\n  critic: [\n',
      '3:1: Flow sequence in block collection must be sufficiently indented and end with a ].',
    ],
    ['a tab', 'roles:\n\tcritic: 1\n', '2:1: A tab cannot indent YAML; use spaces.'],
    ['a name twice', 'team: a\nteam: b\n', '2:1: `team` stands here a second time.'],
    [
      'no UTF-8',
      new Uint8Array([0x61, 0x3a, 0x20, 0xff]),
      '1:4: This is no UTF-8 text from here on; save the file as UTF-8.',
    ],
    ['no map', '- roles\n', '1:1: A team file is a map of names to values (`roles:`, `checks:`, …).'],
    ['no map but a word', 'roles\n', '1:1: A team file is a map of names to values (`roles:`, `checks:`, …).'],
    ['an unknown field', 'budget:\n  call: 3\n', '2:3: `budget.call` is not known; did you mean `calls`?'],
    ['a wrong kind', 'budget:\n  calls: many\n', '2:10: `budget.calls` must be a number, not the text `many`.'],
    [
      'a missing field',
      'checks:\n  - name: test\n',
      '2:5: `checks[0].run` is missing: A command line, run by the shell in the workspace.',
    ],
    [
      'a bad name',
      'models:\n  GPT 5: {}\n',
      '2:3: `models.GPT 5` cannot be a name here: lower case letters, digits, dots and hyphens, starting with a letter.',
    ],
    [
      'an unknown server',
      'models:\n  gpt-5:\n    routes: [{ server: kyes, ids: [x] }]\n',
      '3:24: No server is called `kyes`; did you mean `keys`?',
    ],
    [
      'an unknown role',
      'teams:\n  default:\n    review: [secruity]\n',
      '3:14: No role is called `secruity`; did you mean `security`?',
    ],
    [
      'an unknown effort',
      'roles:\n  critic:\n    models: [{ model: gpt-5, effort: huge }]\n',
      '3:38: `roles.critic.models[0].effort` is `huge`, but must be one of `low`, `medium`, `high`.',
    ],
    [
      'an effort of a model without',
      'roles:\n  critic:\n    models: [{ model: gemini-2.5-pro, effort: low }]\n',
      '3:47: Gemini 2.5 Pro cannot be asked for effort `low`: it knows no efforts.',
    ],
    [
      'a team without orchestrator',
      'teams:\n  mine:\n    core: [implementer]\n',
      '3:5: The team `mine` has no orchestrator in its core: a role with the duty `orchestrate`.',
    ],
    [
      'a team without writer',
      'teams:\n  mine:\n    core: [orchestrator]\n',
      '3:5: The team `mine` has no writer in its core: a role with the duty `write`.',
    ],
    [
      'two checks of one name',
      'checks:\n  - { name: a, run: a }\n  - { name: a, run: b }\n',
      '3:13: Two checks are called `a`; each needs a name of its own.',
    ],
    [
      'a merge key',
      'x: &x { calls: 1 }\nbudget:\n  <<: *x\n',
      '1:1: `x` is not known; there are `version`, `servers`, `models`, `roles`, `teams`, `team`, `checks`, `setup`, `memory`, `off`, `commands`, `budget`, `stops`, `limits`.',
    ],
  ];
  for (const [what, text, line] of lines) {
    it(`names the place of ${what}`, async () => {
      await projects(text);
      const { message } = await refused();
      const all = message.split('\n').map((each) => each.trim());
      assert.ok(all.includes(`.orchestration/team.yaml:${line}`), message);
    });
  }

  it('lists ten problems at most, file by file from the top, and counts the rest', async () => {
    await mine('team: none\n');
    await projects(Array.from({ length: 14 }, (_, n) => `wrong${n}: 1`).join('\n'));
    const { message } = await refused();
    const all = message.split('\n');
    assert.equal(all[0], 'The team file has 14 problems:');
    assert.equal(all.length, 12);
    assert.match(all[1] ?? '', /^ {2}\.orchestration\/team\.yaml:1:1: `wrong0` is not known/);
    assert.equal(all[11], '  and 4 more');
  });

  it('says of which file each problem is', async () => {
    await mine('budget: { calls: x }\n');
    await projects('limits: { rounds: y }\n');
    const { message } = await refused();
    assert.deepEqual(
      message
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(': ')[0]),
      [`${join(profile, 'team.yaml')}:1:18`, '.orchestration/team.yaml:1:19'],
    );
  });

  it('refuses more than 1 MiB, whatever it holds', async () => {
    await projects(`# ${'x'.repeat(1024 * 1024)}`);
    assert.equal((await refused()).message, '.orchestration/team.yaml is larger than 1 MiB, so it is not read.');
    await projects(`# ${'x'.repeat(1024 * 1024 - 2)}`);
    assert.ok(await load());
  });

  it('refuses what is no file, without waiting for it', async function () {
    const path = join(root, '.orchestration/team.yaml');
    await mkdir(path);
    assert.match((await refused()).message, /^\.orchestration\/team\.yaml is not a file\.$/);
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    await rm(path, { recursive: true });
    await run('mkfifo', [path]);
    assert.match((await refused()).message, /is not a file/);
    await mine('team: default');
    await rm(join(profile, 'team.yaml'));
    await symlink('/dev/zero', join(profile, 'team.yaml'));
    assert.match((await refused()).message, /team\.yaml is not a file\.$/);
    return undefined;
  });

  it('does not follow the project’s file out of the project', async () => {
    const secret = join(folder, 'secret.yaml');
    await writeFile(secret, 'password: hunter2\n');
    await symlink(secret, join(root, '.orchestration/team.yaml'));
    const { message } = await refused();
    assert.match(message, /leads out of the project/);
    assert.doesNotMatch(message, /hunter2|password/);
    await rm(join(root, '.orchestration'), { recursive: true });
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'elsewhere/team.yaml'), 'password: hunter2\n');
    await symlink(join(folder, 'elsewhere'), join(root, '.orchestration'), 'junction');
    assert.match((await refused()).message, /leads out of the project/);
  });

  it('says when a file may not be read', async function () {
    await projects('team: default\n');
    await chmod(join(root, '.orchestration/team.yaml'), 0o000);
    // Root and Windows read it all the same.
    if (process.platform === 'win32' || process.getuid?.() === 0) skipFor(this, 'not on Windows, nor as root');
    assert.match((await refused()).message, /cannot be read \(EACCES\)/);
    return undefined;
  });

  it('points out a file of nearly the right name', async () => {
    await writeFile(join(root, '.orchestration/team.yml'), 'budget: { calls: 1 }\n');
    const { notes, team } = await load();
    assert.equal(team.budget.calls, 40);
    assert.deepEqual(notes, ['.orchestration/team.yml is not read: the team file is called `team.yaml`.']);
  });

  it('shows the home folder as ~', async () => {
    const { message } = await refused('team-file', { explicit: join(homedir(), 'no-such-team.yaml') });
    assert.equal(message, 'There is no team file ~/no-such-team.yaml.');
  });

  it('stops when it is told to', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(load({ signal }), /enough/);
  });
});
