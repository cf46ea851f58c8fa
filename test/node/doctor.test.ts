import assert from 'node:assert/strict';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import type { ReachOutput } from '../../src/core/ask.ts';
import { RouteError } from '../../src/core/ports.ts';
import type { Models } from '../../src/core/ports.ts';
import { teamFileSchema } from '../../src/core/team/file.ts';
import { joinLayers } from '../../src/core/team/layers.ts';
import { roster } from '../../src/core/team/roster.ts';
import { fixAll } from '../../src/node/doctor/fix.ts';
import { openProbes } from '../../src/node/doctor/probes.ts';
import { openProject } from '../../src/node/project.ts';
import { quietLog } from '../harness/host.ts';
import { scriptedMain } from './models/stand.ts';

const fine: ReachOutput = { gone: [], mends: [] };
const { signal } = new AbortController();

describe('the doctor’s questions', () => {
  const agents = Array.from({ length: 12 }, (_, n) => `agent-${n}`);
  const team = teamFileSchema.parse({
    servers: { agents: { command: 'x' }, brought: { command: 'x' } },
    models: Object.fromEntries(
      agents.flatMap((agent) =>
        ['one', 'two'].map((name) => [
          `${agent}.${name}`,
          { title: name, vendor: 'V', routes: [{ server: 'agents', agent, ids: [`${agent}-${name}`] }] },
        ]),
      ),
    ),
  });
  const routes = Object.values(team.models).flatMap((model) => model.routes);
  const asking = (
    reach: Models['reach'],
    ask: Models['ask'] = () => Promise.reject(new Error('nobody asks')),
  ): Models => ({
    reach,
    ask,
    scripted: () => false,
  });

  it('are all asked before the first is answered, each agent once', async () => {
    let open = 0;
    const all = Promise.withResolvers<void>();
    const models = asking(async () => {
      open += 1;
      if (open === agents.length) all.resolve();
      await all.promise;
      return fine;
    });
    const known = await openProbes(models, team, { unapproved: () => undefined, live: false, signal }).all(routes);
    assert.equal(open, 12);
    assert.equal(known.groups().length, 12);
  });

  it('with live calls are asked and called side by side, and only those that can be used are called', async () => {
    const called: string[] = [];
    const models = asking(
      async ({ agent }) =>
        agent === 'agent-3' ? { ...fine, failure: { kind: 'not-signed-in', message: 'Sign in.' } } : fine,
      async ({ agent = '' }, input) => {
        called.push(`${agent} ${input.model}`);
        if (agent === 'agent-5') throw new RouteError({ kind: 'quota', message: 'No more.' });
        return { text: 'ready', stopReason: 'end', model: input.model };
      },
    );
    const known = await openProbes(models, team, { unapproved: () => undefined, live: true, signal }).all(routes);
    assert.equal(called.length, 11);
    const of = (agent: string) => known.of(routes.find((route) => route.agent === agent) as never);
    assert.ok(of('agent-0').live && 'ms' in (of('agent-0').live ?? {}));
    assert.deepEqual(of('agent-5').live, { failure: { kind: 'quota', message: 'No more.' } });
    assert.equal(of('agent-3').live, undefined);
    assert.equal(of('agent-3').mends[0]?.kind, 'key');
  });

  it('are not asked of what is off or not approved', async () => {
    const models = asking(() => Promise.reject(new Error('asked')));
    const off = routes.map((route) => ({ ...route, off: true }));
    const known = await openProbes(models, team, { unapproved: () => undefined, live: false, signal }).all(off);
    assert.equal(known.of(off[0] as never).failure?.kind, 'left-alone');
    const held = await openProbes(models, team, { unapproved: () => 'Look first.', live: false, signal }).all(
      routes.slice(0, 1),
    );
    assert.equal(held.of(routes[0] as never).mends[0]?.command, 'orchestra trust');
  });
});

describe('the doctor', function () {
  const names = ['ORCHESTRA_CACHE', 'ORCHESTRA_PROFILE'] as const;
  const before_ = names.map((name) => process.env[name]);
  let place = '';
  before(async () => {
    place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-doctor-test-')));
    for (const name of names) process.env[name] = join(place, name.toLowerCase());
  });
  after(async () => {
    for (const [n, name] of names.entries()) {
      if (before_[n] === undefined) delete process.env[name];
      else process.env[name] = before_[n];
    }
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  });

  const teamWith = async (script: object): Promise<string> => {
    const scriptFile = join(place, 'script.yaml');
    await writeFile(scriptFile, stringify(script));
    const role = (duties: string[], models: string[]): object => ({
      title: duties[0],
      duties,
      brief: 'Do it.',
      models: models.map((model) => ({ model })),
    });
    const file = join(place, 'team.yaml');
    await writeFile(
      file,
      stringify({
        version: 1,
        servers: {
          here: { command: '${node}', args: [await scriptedMain(), '--script', scriptFile], scripted: true },
          keyless: { command: '${node}', args: ['x'], env: { K: '${env:ORCHESTRA_NO_SUCH_KEY}' } },
        },
        models: {
          alpha: { title: 'Alpha', vendor: 'A', routes: [{ server: 'keyless', ids: ['a-1'] }] },
          beta: {
            title: 'Beta',
            vendor: 'B',
            routes: [
              { server: 'keyless', ids: ['b-1'] },
              { server: 'here', ids: ['b-1'] },
            ],
          },
        },
        roles: {
          lead: role(['orchestrate'], ['alpha', 'beta']),
          writer: role(['write'], ['beta']),
          critic: role(['analyse'], ['alpha']),
        },
        teams: { small: { core: ['lead', 'writer', 'critic'] } },
        team: 'small',
      }),
    );
    return file;
  };

  it('says who would play what, over which route, and what more would bring', async () => {
    const teamFile = await teamWith({ default: { steps: [{ say: 'ready' }] } });
    const root = await mkdtemp(join(place, 'project-'));
    const project = await openProject(root, { log: quietLog, signal, from: 'test' });
    const found = await project.diagnose({ teamFile, live: true, signal });
    assert.equal(found.problem, undefined);
    assert.deepEqual(
      found.played.map(({ role, model, server, id }) => [role, model, server, id]),
      [
        ['lead', 'beta', 'here', 'b-1'],
        ['writer', 'beta', 'here', 'b-1'],
      ],
    );
    assert.deepEqual(
      found.leftOut.map(({ role }) => role),
      ['critic'],
    );
    const mine = found.routes.filter(({ model }) => model === 'alpha' || model === 'beta');
    assert.deepEqual(
      mine.map(({ what, state }) => [what, state]),
      [
        ['Alpha by keyless', 'missing'],
        ['Beta by keyless', 'missing'],
        ['Beta by here', 'ok'],
      ],
    );
    assert.ok((mine[2]?.live?.ms ?? -1) > 0);
    assert.match(mine[2]?.detail ?? '', /b-1.*, answered in /);
    assert.equal(mine[0]?.mends[0]?.kind, 'key');
    const more = found.more.find(({ text }) => text.startsWith('keyless'));
    assert.match(more?.text ?? '', /would bring orchestrate \(Alpha\), analyse \(Alpha\)/);
    assert.ok(found.machine.some(({ what }) => what === 'Serena'));
  });

  it('says with nothing at all why no run could start, and what would bring the first', async () => {
    const teamFile = await teamWith({ default: { steps: [{ say: 'x' }] } });
    const text = (await readFile(teamFile, 'utf8')).replace('server: here', 'server: keyless');
    await writeFile(teamFile, text);
    const root = await mkdtemp(join(place, 'project-'));
    const project = await openProject(root, { log: quietLog, signal, from: 'test' });
    const found = await project.diagnose({ teamFile, signal });
    assert.match(found.problem ?? '', /cannot be played/);
    assert.match(found.more[0]?.text ?? '', /^keyless would bring /);
  });

  it('makes the folder and a team file to begin with, once, that changes nothing', async () => {
    const root = await mkdtemp(join(place, 'project-'));
    assert.deepEqual(await fixAll(root, { mends: [], starter: true }, signal), [
      'Wrote .orchestration/team.yaml, with which this project can change the team.',
    ]);
    const text = await readFile(join(root, '.orchestration', 'team.yaml'), 'utf8');
    assert.deepEqual(parse(text), { version: 1 });
    // What stands in it as an example holds.
    const uncommented = parse(text.replaceAll(/^# (?=\S+:| )/gm, '')) as object;
    assert.ok(
      joinLayers([
        { from: 'roster', whose: 'built-in', layer: roster },
        { from: 'x', whose: 'person', layer: uncommented },
      ]).team,
    );
    assert.deepEqual(await fixAll(root, { mends: [], starter: true }, signal), []);
  });
});
