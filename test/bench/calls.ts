import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from '../../src/core/run/call.ts';
import { lanes, openRun } from '../../src/core/run/engine.ts';
import type { Cast, TeamFile } from '../../src/core/team/file.ts';
import { castSchema, teamFileSchema } from '../../src/core/team/file.ts';
import { acquireLease } from '../../src/node/run/lease.ts';
import { createRun } from '../../src/node/run/runs.ts';
import { openPorts } from '../../src/node/runPorts.ts';
import { goingPerson, quietLog } from '../harness/host.ts';
import { line, median } from './measure.ts';

const waitMs = 200;
const { signal } = new AbortController();

/** Calls of N equal scripted roles: one after the other makes no sense, all at once should take little more than one. */
export async function benchCalls(): Promise<string[]> {
  const place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-bench-')));
  process.env['ORCHESTRA_CACHE'] = join(place, 'cache');
  process.env['ORCHESTRA_PROFILE'] = join(place, 'profile');
  const root = join(place, 'project');
  const script = join(place, 'script.yaml');
  try {
    await writeFile(
      script,
      `version: 1\nparts:\n  - match: {}\n    steps:\n      - wait: ${waitMs}\n      - answer: { criteria: [fine] }\n`,
    );
    const team = teamFileSchema.parse({
      servers: {
        scripted: { command: '${node}', args: ['${servers}/scripted.mjs', '--script', script], scripted: true },
      },
      models: { m: { title: 'M', vendor: 'V', routes: [{ server: 'scripted', ids: ['m'], parallel: 64 }] } },
      budget: { calls: 100_000, minutes: 60 },
    });
    await mkdir(root, { recursive: true });
    const made = await createRun(root, { now: Date.now, random: Math.random });
    const lease = await acquireLease(made.folder, { signal });
    const { ports, close } = await openPorts({
      root,
      run: made.id,
      folder: made.folder,
      lease,
      team,
      consent: { mayRun: () => 'yes', mayBring: () => 'no' },
      unapproved: () => undefined,
      surroundings: {},
      person: goingPerson,
      log: quietLog,
      signal,
    });
    try {
      return await measured(made.id, team, ports);
    } finally {
      await close();
      await lease.release();
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function measured(id: string, team: TeamFile, ports: Parameters<typeof openRun>[1]): Promise<string[]> {
  const cast: Cast = castSchema.parse({
    role: 'r',
    title: 'R',
    duties: ['review'],
    access: 'read',
    required: false,
    models: [{ model: 'm' }],
  });
  const { run, begin } = openRun({ run: id, team, teamName: 'default' }, ports, signal);
  await begin({
    type: 'run.created',
    task: 'bench',
    engine: 'bench',
    team: 'default',
    budget: team.budget,
    scripted: true,
    budgetFrom: 'default',
  });
  let n = 0;
  const engine = (width: number): Promise<unknown> =>
    lanes(
      Array.from({ length: width }, () => () => {
        const key = `implementation/r/criteria${(n += 1)}`;
        return call(run, {
          key,
          cast,
          phase: 'implementation',
          kind: 'criteria',
          title: 'bench',
          inputs: null,
          prompt: async () => 'bench',
          access: 'read',
          cwd: async () => process.cwd(),
        });
      }),
    );
  const route = team.models['m']?.routes[0];
  if (!route) throw new Error('no route');
  const bare = (width: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: width }, () =>
        ports.models.ask(
          route,
          {
            call: { run: id, key: `bare${(n += 1)}`, role: 'r', phase: 'implementation', kind: 'criteria', attempt: 1 },
            prompt: 'bench',
            model: 'm',
            cwd: process.cwd(),
            access: 'read',
          },
          { signal, silenceMs: 60_000, answerBytes: 1_000_000, onProgress: () => undefined, permit: async () => 'no' },
        ),
      ),
    );
  const lines: string[] = [];
  const one = await median(5, () => engine(1));
  for (const width of [1, 3, 6, 12]) {
    const ours = await median(5, () => engine(width));
    const floor = await median(5, () => bare(width));
    lines.push(
      line(`${width} calls of ${waitMs} ms, engine with journal`, ours, floor, 'bare Promise.all on the same clients'),
    );
    if (width > 1) lines.push(line(`${width} calls at once`, ours, one, 'one call'));
  }
  return lines;
}
