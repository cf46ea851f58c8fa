import assert from 'node:assert/strict';
import { copyFile, cp, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { needsApproval, type ApprovalKind } from '../../../src/core/team/approvals.ts';
import { profileFolder } from '../../../src/node/paths.ts';
import { loadTeam } from '../../../src/node/team/load.ts';
import { approve, trustFolder, untrustFolder } from '../../../src/node/team/trust.ts';
import { scenarios, type Place, type Playing, story, tested } from './place.ts';

const { signal } = new AbortController();
/** The project's own team file, not one that the person names. */
const own: Playing = { start: { teamFile: undefined } };

/** The place's team file, moved into the project: its servers leave a mark when they start, its setup is what its check needs. */
async function bring(place: Place): Promise<void> {
  const starter = join(place.place, 'starter.mjs');
  const mark = `import { appendFileSync } from 'node:fs';\nappendFileSync(${JSON.stringify(join(place.place, 'mark'))}, 'started\\n');\n`;
  const go = `const [main] = process.argv.splice(2, 1);\nawait import(main);\n`;
  await writeFile(starter, mark + go);
  const team = parse(await readFile(place.teamFile, 'utf8')) as {
    servers: Record<string, { args: string[] }>;
    setup: unknown;
    checks: unknown;
  };
  for (const server of Object.values(team.servers)) server.args.unshift(starter);
  team.setup = { run: [`node -e "require('fs').writeFileSync('made.txt', 'x')"`] };
  team.checks = [{ name: 'made', run: `node -e "require('fs').readFileSync('made.txt')"` }];
  await mkdir(join(place.root, '.orchestration'), { recursive: true });
  await writeFile(join(place.root, '.orchestration', 'team.yaml'), stringify(team));
}

async function started(place: Place): Promise<number> {
  const text = await readFile(join(place.place, 'mark'), 'utf8').catch(() => '');
  return text.split('\n').length - 1;
}

const here = (place: Place): { profile: string; root: string; signal: AbortSignal } => ({
  profile: profileFolder(),
  root: place.root,
  signal,
});

async function approveAll(place: Place, kinds: readonly ApprovalKind[]): Promise<void> {
  const { team, brought } = await loadTeam({ ...here(place), trusted: true });
  const wanted = needsApproval(team, brought).filter(({ kind }) => kinds.includes(kind));
  assert.ok(wanted.length > 0);
  await approve(here(place), wanted);
}

describe("what a repository's own team file brings", function () {
  const it = scenarios();
  const waits =
    /The server (one|two) comes from this folder's team file and waits for your approval: run `orchestra trust`\./;

  it('does nothing before the folder is trusted, nor before its content is approved, nor after it has changed', async (at) => {
    const place = await at({ script: 'trust' });
    await bring(place);
    const untrusted = await place.run('Titles', own);
    assert.equal(untrusted.outcome, 'failed', story(untrusted));
    assert.doesNotMatch(untrusted.reason ?? '', /orchestra trust/, 'it is not even read');
    assert.equal(await started(place), 0);

    await trustFolder(here(place));
    const trusted = await place.run('Titles', own);
    assert.equal(trusted.outcome, 'failed', story(trusted));
    assert.match(trusted.reason ?? '', waits);
    assert.equal(await started(place), 0);

    // Servers alone: they may start, what they write is checked by nothing that was not approved.
    await approveAll(place, ['server']);
    const unchecked = await place.run('Titles', { ...own, person: { decide: async () => 'stop' } });
    assert.equal(unchecked.outcome, 'ready', story(unchecked));
    assert.ok((await started(place)) > 0);
    const [check] = unchecked.state.checks['merged']?.results ?? [];
    assert.equal(check?.result, 'not-run');
    assert.match(check?.reason ?? '', /needs your consent: run `orchestra trust`/);

    await approveAll(place, ['check', 'setup']);
    const approved = await place.run('Titles', own);
    assert.equal(approved.outcome, 'applied', story(approved));
    assert.equal(approved.state.checks['merged']?.green, true);

    const control = new AbortController();
    const begun = await place.run('Titles', {
      ...own,
      signal: control.signal,
      onRecord: ({ event }) => void (event.type === 'triage.made' && control.abort()),
    });
    assert.equal(begun.outcome, 'stopped', story(begun));

    const file = join(place.root, '.orchestration', 'team.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll('--name', '--tempo\n      - "0"\n      - --name'));
    const before = await started(place);
    const changed = await place.run('Titles', own);
    assert.equal(changed.outcome, 'failed', story(changed));
    assert.match(changed.reason ?? '', waits);
    assert.equal(await started(place), before);

    // Trust that was taken back holds for runs that began before, too.
    await untrustFolder(here(place));
    const resumed = await place.resume(begun.run);
    assert.equal(resumed.outcome, 'failed', story(resumed));
    assert.match(resumed.reason ?? '', waits);
    assert.equal(await started(place), before);
  });
});

describe('a run folder that comes from elsewhere', function () {
  const it = scenarios();

  it('is shown and not gone on with: another profile started it, or its start was changed', async (at) => {
    const place = await at({ script: 'trust', team: tested });
    const control = new AbortController();
    const stopped = await place.run('Titles', {
      signal: control.signal,
      onRecord: ({ event }) => void (event.type === 'triage.made' && control.abort()),
    });
    assert.equal(stopped.outcome, 'stopped', story(stopped));
    const calls = place.calls();
    const runs = join(place.root, '.orchestration', 'runs');
    const start = join(runs, stopped.run, 'start.json');

    await copyFile(start, join(place.place, 'start.json'));
    await writeFile(start, (await readFile(start, 'utf8')).replace('node test.js', 'node other.js'));
    await assert.rejects(place.resume(stopped.run), { code: 'foreign-run' });
    await assert.rejects(place.apply(stopped.run), { code: 'foreign-run' });
    await copyFile(join(place.place, 'start.json'), start);

    // The same folder in the hands of another person, and under another name.
    const profile = process.env['ORCHESTRA_PROFILE'];
    process.env['ORCHESTRA_PROFILE'] = join(place.place, 'other');
    try {
      await assert.rejects(place.resume(stopped.run), { code: 'foreign-run' });
      const shown = await (await place.project()).show(stopped.run);
      assert.equal(shown.state.task, 'Titles');
    } finally {
      process.env['ORCHESTRA_PROFILE'] = profile;
    }
    const twin = stopped.run.replace(/....$/, 'twin');
    await cp(join(runs, stopped.run), join(runs, twin), { recursive: true });
    await assert.rejects(place.resume(twin), { code: 'foreign-run' });
    await rename(join(runs, twin), join(place.place, 'twin'));
    assert.deepEqual(place.calls(), calls);
    assert.deepEqual(await readdir(runs), [stopped.run]);

    const resumed = await place.resume(stopped.run);
    assert.equal(resumed.outcome, 'applied', story(resumed));
  });
});
