import assert from 'node:assert/strict';
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  realpath,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import { needsApproval } from '../../../src/core/team/approvals.ts';
import { loadTeam } from '../../../src/node/team/load.ts';
import { approve, approved, isTrusted, trustFolder, unapproved, untrustFolder } from '../../../src/node/team/trust.ts';
import type { Place } from '../../../src/node/team/trust.ts';
import { skipFor } from '../../harness/skip.ts';

describe('trust and approvals', () => {
  let folder: string;
  let place: Place;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-trust-')));
    const root = join(folder, 'project');
    await mkdir(root);
    place = { root, profile: join(folder, 'profile'), signal: AbortSignal.timeout(60_000) };
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  const file = (): string => join(place.profile, 'trust.json');
  const at = (root: string): Place => ({ ...place, root });

  async function refused(act: () => Promise<unknown>, code: string): Promise<UserError> {
    const error = await act().then(
      () => assert.fail('it went through'),
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    return error;
  }

  it('is not there until it is given, and goes when it is taken back', async () => {
    assert.equal(await isTrusted(place), false);
    await trustFolder(place);
    assert.equal(await isTrusted(place), true);
    await untrustFolder(place);
    assert.equal(await isTrusted(place), false);
  });

  it('is kept in the profile, for the person alone, and nowhere in the folder', async () => {
    await trustFolder(place);
    await approve(place, [{ kind: 'check', content: 'npm test' }]);
    assert.deepEqual(await readdir(place.root), []);
    assert.deepEqual(await readdir(place.profile), ['trust.json']);
    if (process.platform !== 'win32') assert.equal((await stat(file())).mode & 0o777, 0o600);
    const text = await readFile(file(), 'utf8');
    assert.deepEqual(Object.keys(JSON.parse(text) as object), ['version', 'folders', 'approvals']);
    // Only the hash of what was approved: there may be secrets in it.
    assert.doesNotMatch(text, /npm test/);
  });

  it('is of this folder, not of those above, below or beside it', async () => {
    await mkdir(join(place.root, 'inner'));
    await mkdir(`${place.root}-2`);
    await trustFolder(place);
    for (const other of [join(place.root, 'inner'), `${place.root}-2`]) assert.equal(await isTrusted(at(other)), false);
  });

  it('is of the real folder, by whatever link it is reached', async () => {
    const link = join(folder, 'link');
    await symlink(place.root, link, 'junction');
    await trustFolder(at(link));
    assert.equal(await isTrusted(place), true);
    // The link leads elsewhere now: that is another folder.
    await mkdir(join(folder, 'evil'));
    await rm(link);
    await symlink(join(folder, 'evil'), link, 'junction');
    assert.equal(await isTrusted(at(link)), false);
    assert.equal(await isTrusted(at(join(place.root, '..', 'project'))), true);
  });

  it('is one folder’s in every spelling, where case does not count', async function () {
    const other = join(folder, 'PROJECT');
    const same = await stat(other).catch(() => undefined);
    if (!same) skipFor(this, 'this disk tells upper from lower case');
    await trustFolder(at(other));
    assert.equal(await isTrusted(place), true);
    return undefined;
  });

  it('is not of a folder that took the name of a trusted one elsewhere', async () => {
    await trustFolder(place);
    await rename(place.root, `${place.root}-moved`);
    assert.equal(await isTrusted(at(`${place.root}-moved`)), false);
    await refused(() => isTrusted(place), 'no-folder');
  });

  it('approves exactly this content, for this folder and kind', async () => {
    await trustFolder(place);
    await approve(place, [{ kind: 'check', content: 'npm test' }]);
    assert.equal(await approved(place, 'check', 'npm test'), true);
    for (const changed of ['npm test ', 'npm  test', 'NPM test', 'npm test && evil', ''])
      assert.equal(await approved(place, 'check', changed), false, changed);
    assert.equal(await approved(place, 'command', 'npm test'), false);
    await mkdir(join(folder, 'other'));
    await trustFolder(at(join(folder, 'other')));
    assert.equal(await approved(at(join(folder, 'other')), 'check', 'npm test'), false);
  });

  it('approves nothing without trust, and forgets approvals with it', async () => {
    await refused(() => approve(place, [{ kind: 'check', content: 'x' }]), 'untrusted');
    await trustFolder(place);
    await approve(place, [{ kind: 'check', content: 'x' }]);
    await untrustFolder(place);
    assert.equal(await approved(place, 'check', 'x'), false);
    await trustFolder(place);
    assert.equal(await approved(place, 'check', 'x'), false);
  });

  it('counts no approval of a folder that is not trusted, whoever took the trust away', async () => {
    await trustFolder(place);
    const item = { kind: 'check', content: 'x' } as const;
    await approve(place, [item]);
    const text = await readFile(file(), 'utf8');
    await writeFile(file(), JSON.stringify({ ...(JSON.parse(text) as object), folders: {} }));
    assert.equal(await approved(place, 'check', 'x'), false);
    assert.equal((await unapproved(place, [{ ...item, name: 'x', shows: [] }])).length, 1);
  });

  it('asks again when a server was changed after it was approved', async () => {
    const write = (yaml: string) => writeFile(join(place.root, '.orchestration/team.yaml'), yaml);
    const waiting = async () => {
      const { team, brought } = await loadTeam({
        root: place.root,
        trusted: await isTrusted(place),
        profile: place.profile,
      });
      return unapproved(place, needsApproval(team, brought));
    };
    await mkdir(join(place.root, '.orchestration'));
    await write('servers:\n  tools: { command: node, args: [server.js], env: { A: "1" } }\n');
    assert.deepEqual(await waiting(), []);
    await trustFolder(place);
    const first = await waiting();
    assert.deepEqual(
      first.map(({ kind, name, shows }) => ({ kind, name, shows })),
      [{ kind: 'server', name: 'tools', shows: ['node server.js', 'environment A=1'] }],
    );
    await approve(place, first);
    assert.deepEqual(await waiting(), []);
    // The same in other words is the same.
    await write('servers:\n  tools:\n    env:\n      A: "1"\n    args:\n      - server.js\n    command: node\n');
    assert.deepEqual(await waiting(), []);
    for (const changed of [
      'args: [server.js, --evil]',
      'args: [evil.js]',
      'args: [server.js], env: { A: "2" }',
      'args: [server.js], env: { NODE_OPTIONS: "--require ./evil.js" }',
    ]) {
      await write(`servers:\n  tools: { command: node, ${changed} }\n`);
      assert.equal((await waiting()).length, 1, changed);
    }
    await write('servers:\n  tools: { url: "https://evil.example" }\n');
    assert.equal((await waiting()).length, 1);
  });

  it('loses nothing when many write at once', async () => {
    const places = await Promise.all(
      Array.from({ length: 6 }, async (_, n) => {
        const root = join(folder, `p${n}`);
        await mkdir(root);
        return at(root);
      }),
    );
    await Promise.all(places.map((one) => trustFolder(one)));
    for (const one of places) assert.equal(await isTrusted(one), true);
    assert.deepEqual(await readdir(place.profile), ['trust.json']);
  });

  const damaged: [what: string, text: string][] = [
    ['no JSON', '{'],
    ['another shape', '{"folders": true}'],
    ['another version', '{"version": 2, "folders": {}, "approvals": {}}'],
    ['nothing', ''],
  ];
  for (const [what, text] of damaged) {
    it(`is no trust, where the file holds ${what}, and the file is left as it is`, async () => {
      await trustFolder(place);
      await writeFile(file(), text);
      assert.match((await refused(() => isTrusted(place), 'trust-file')).message, /trust\.json is damaged/);
      await refused(() => trustFolder(place), 'trust-file');
      await refused(() => approved(place, 'check', 'x'), 'trust-file');
      assert.equal(await readFile(file(), 'utf8'), text);
    });
  }

  it('is no trust, where others could have written it', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    await trustFolder(place);
    await chmod(file(), 0o666);
    assert.match((await refused(() => isTrusted(place), 'trust-file')).message, /could have been written by others/);
    return undefined;
  });

  it('cannot be had for a folder that holds the profile', async () => {
    const inside = { ...place, profile: join(place.root, '.profile') };
    for (const act of [
      () => isTrusted(inside),
      () => trustFolder(inside),
      () => approve(inside, []),
      () => approved(inside, 'check', 'x'),
    ]) {
      await refused(act, 'profile-in-folder');
    }
    await symlink(place.root, join(folder, 'way'), 'junction');
    await refused(() => trustFolder({ ...place, profile: join(folder, 'way', 'p') }), 'profile-in-folder');
    assert.deepEqual(await readdir(place.root), []);
  });
});
