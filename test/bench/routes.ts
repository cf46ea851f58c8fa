import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { routeSchema } from '../../src/core/team/file.ts';
import { launchOf } from '../../src/node/agents/programs.ts';
import { start } from '../../src/node/processes.ts';
import { agents, binOf, installAgents } from '../agents/install.ts';
import { type AgentsPlace, makeAgentsPlace } from '../agents/place.ts';
import { line } from './measure.ts';

type CoreAgent = (typeof agents)[number];

const times = 3;
const limitMs = 120_000;

/** How each vendor's CLI is asked one thing from a terminal. */
const bare: Readonly<Record<CoreAgent, { readonly model: string; args(model: string, prompt: string): string[] }>> = {
  codex: { model: 'gpt-6.2-sol', args: (model, prompt) => ['exec', '--skip-git-repo-check', '-m', model, prompt] },
  claude: { model: 'claude-sonnet-5-5', args: (model, prompt) => ['-p', prompt, '--model', model] },
  gemini: { model: 'gemini-3.8-flash', args: (model, prompt) => ['--skip-trust', '-m', model, '-p', prompt] },
  grok: { model: 'grok-4.6', args: (model, prompt) => ['-m', model, '-p', prompt] },
};

/** Milliseconds from the beginning until the model is asked, and the memory of all processes at that moment. */
interface Cost {
  readonly ms: number;
  readonly bytes: number;
}

/**
 * What a route costs before its model is asked: the CLI alone, from a terminal, against the same CLI behind our server; at the first call, when
 * all must be started, and at the next call in its session. Memory is that of the process tree (RSS, shared pages counted for each).
 */
export async function benchRoutes(): Promise<string[]> {
  await installAgents();
  const lines: string[] = [];
  for (const agent of agents) {
    const runs: { alone: Cost; first: Cost; next: Cost }[] = [];
    for (let n = 0; n < times; n++) runs.push(await once(agent));
    const mid = (of: (one: (typeof runs)[number]) => number): number =>
      runs.map(of).toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0;
    const alone = mid((r) => r.alone.ms);
    const against = `${agent} alone`;
    lines.push(
      line(
        `${agent}: until the model is asked, first call`,
        mid((r) => r.first.ms),
        alone,
        against,
      ),
      line(
        `${agent}: until the model is asked, next call`,
        mid((r) => r.next.ms),
        alone,
        against,
      ),
    );
    const [ours, its] = [mid((r) => r.first.bytes), mid((r) => r.alone.bytes)];
    const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
    lines.push(
      its > 0
        ? `${`${agent}: memory while it is asked`.padEnd(52)} ${(ours / its).toFixed(2).padStart(7)} ×  ${against} (${mib(ours)} MiB over ${mib(its)} MiB)`
        : `${agent}: memory is measured on Linux only`,
    );
  }
  return lines;
}

/** Each once, in a home of its own that the CLI has been used in before, so that nobody pays for what is done only once. */
async function once(agent: CoreAgent): Promise<{ alone: Cost; first: Cost; next: Cost }> {
  let go = Promise.withResolvers<void>();
  const place = await makeAgentsPlace([agent], () => ({
    parts: [
      { kind: 'pause', until: go.promise },
      { kind: 'text', text: 'Hello to you.' },
    ],
  }));
  try {
    const cwd = await place.workspace({ 'a.txt': 'one\n' }, 'work');
    let n = 0;
    const cost = async (ask: (prompt: string) => Promise<unknown>): Promise<Cost> => {
      const word = `greeting-${(n += 1)}`;
      go = Promise.withResolvers();
      const began = performance.now();
      const asked = ask(`Hello, this is ${word}.`);
      try {
        const came = place.standin.until((r) => r.prompt.includes(word), AbortSignal.timeout(limitMs));
        await Promise.race([came, asked.then(() => came)]);
        const ms = performance.now() - began;
        return { ms, bytes: await memoryOf(place) };
      } finally {
        go.resolve();
        await asked;
      }
    };
    await cost((prompt) => alone(place, agent, cwd, prompt));
    const its = await cost((prompt) => alone(place, agent, cwd, prompt));
    const models = place.open();
    let session: string | undefined;
    const ours = async (prompt: string): Promise<void> => {
      const { model } = bare[agent];
      const call = { run: 'r1', key: `t/${n}`, role: 'critic', phase: 'analysis', kind: 'findings', attempt: 1 };
      const output = await models.ask(
        routeSchema.parse({ server: 'agents', agent, ids: [model] }),
        { call, prompt, model, cwd, access: 'read', ...(session !== undefined && { session }) },
        {
          signal: AbortSignal.timeout(limitMs),
          onProgress: () => {},
          permit: async () => 'no',
          silenceMs: limitMs,
          answerBytes: 1_000_000,
        },
      );
      session = output.session;
    };
    const first = await cost(ours);
    return { alone: its, first, next: await cost(ours) };
  } finally {
    await place.end();
  }
}

async function alone(place: AgentsPlace, agent: CoreAgent, cwd: string, prompt: string): Promise<void> {
  const { model, args } = bare[agent];
  const { file, args: all } = await launchOf(join(binOf(agent), agent), args(model, prompt));
  const signal = AbortSignal.timeout(limitMs);
  const child = await start(file, all, { cwd, env: place.env, signal, stdin: 'ignore' });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (said = `${said}${text}`.slice(-2000)));
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`${agent} ended with ${code}: ${said}`);
}

/** On Linux only; else 0. Source: proc(5), `VmRSS` in kB. */
async function memoryOf(place: AgentsPlace): Promise<number> {
  const status = await Promise.all(
    (await place.processes()).map(({ pid }) => readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')),
  );
  return status.reduce((sum, text) => sum + 1024 * Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1] ?? 0), 0);
}
