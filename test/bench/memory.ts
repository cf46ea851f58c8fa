import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { liveMessages } from '../../src/node/memory/bus.ts';
import { openMemory } from '../../src/node/memory/serena/openMemory.ts';
import { openStore, type Store } from '../../src/node/memory/store.ts';
import { quietLog } from '../harness/host.ts';
import { isInstalled, serenaPath } from '../serena/install.ts';
import { line } from './measure.ts';

const writers = [1, 10, 50];
const posts = 100;
const listed = 2000;
const body = 'A finding of some length, as a role posts it on the bus. '.repeat(20);
const reference = resolve('node_modules/@modelcontextprotocol/server-memory/dist/index.js');

/** What posts one message and reads all; `kept` counts those that are still there in the end. */
interface Board {
  post(writer: number, n: number): Promise<void>;
  read(writer: number, n: number): Promise<void>;
  kept(): Promise<number>;
  close(): Promise<void>;
}

/** Posting and reading through the embedded store, the real Serena and the reference memory server; and what each loses. */
export async function benchMemory(): Promise<string[]> {
  const lines: string[] = [];
  for (const many of writers) {
    const store = await timed(many, storeBoard);
    const others = { 'the MCP reference memory server': await timed(many, referenceBoard) };
    const all = isInstalled() ? { ...others, Serena: await timed(many, serenaBoard) } : others;
    const who = `${many} ${many === 1 ? 'writer' : 'writers'}`;
    for (const [name, other] of Object.entries(all)) {
      lines.push(line(`store: post, ${who}`, store.post, other.post, name));
      lines.push(line(`store: read, ${who}`, store.read, other.read, name));
    }
    const lost = Object.entries({ store, ...all }).map(([name, { lost }]) => `${name} ${lost}`);
    lines.push(`lost of ${posts} posts, ${who}: ${lost.join(', ')}`);
  }
  lines.push(await listing());
  if (!isInstalled())
    lines.push('not measured: Serena, which is not installed here; `npm run test:serena` installs it.');
  return lines;
}

/** Milliseconds a post and a read, with so many writers at once, each with a board of its own where that is how it is used. */
async function timed(
  many: number,
  open: (root: string, many: number) => Promise<Board>,
): Promise<{ post: number; read: number; lost: number }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-bench-memory-')));
  try {
    const board = await open(root, many);
    try {
      const each = posts / many;
      const lanes = (work: Board['post']): Promise<unknown> =>
        Promise.all(
          Array.from({ length: many }, async (_, writer) => {
            for (let n = 0; n < each; n++) await work(writer, n);
          }),
        );
      const began = performance.now();
      await lanes((writer, n) => board.post(writer, n));
      const posted = performance.now();
      await lanes((writer, n) => board.read(writer, n));
      return {
        post: (posted - began) / posts,
        read: (performance.now() - posted) / posts,
        lost: posts - (await board.kept()),
      };
    } finally {
      await board.close();
    }
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
}

const nameOf = (writer: number, n: number): string => `orch/bench/m/w${writer}-${n}`;

function boardOf(store: Store, close: () => Promise<void>): Board {
  return {
    post: (writer, n) => store.write(nameOf(writer, n), body),
    async read(writer, n) {
      await store.read(nameOf(writer, n));
    },
    kept: async () => (await store.list('orch/bench/m')).length,
    close,
  };
}

async function storeBoard(root: string): Promise<Board> {
  return boardOf(await openStore(root), async () => {});
}

async function serenaBoard(root: string): Promise<Board> {
  const stop = new AbortController();
  const env = { ...process.env, ORCHESTRA_CACHE: `${root}-cache` };
  await mkdir(root, { recursive: true });
  const memory = await openMemory({
    root,
    backend: 'serena',
    program: serenaPath,
    env,
    signal: stop.signal,
    log: quietLog,
  });
  const settled = await memory.serena?.settled;
  if (settled?.is !== 'attached')
    throw new Error(`Serena is not attached: ${settled && 'why' in settled ? settled.why : 'none'}`);
  return boardOf(memory.store, async () => {
    await memory.serena?.end();
    await rm(`${root}-cache`, { recursive: true, force: true });
  });
}

/** Each writer has a server of its own on one file, as every agent that is given it in its configuration has. */
async function referenceBoard(root: string, many: number): Promise<Board> {
  const file = join(root, 'memory.jsonl');
  const clients = await Promise.all(
    Array.from({ length: many }, async () => {
      const client = new Client({ name: 'bench', version: '1' });
      const env = { PATH: process.env['PATH'] ?? '', MEMORY_FILE_PATH: file };
      await client.connect(
        new StdioClientTransport({ command: process.execPath, args: [reference], env, stderr: 'ignore' }),
      );
      return client;
    }),
  );
  const call = async (writer: number, name: string, args: Record<string, unknown>): Promise<void> => {
    // An answer with an error is a post that is not kept: it is counted in the end.
    await clients[writer]?.callTool({ name, arguments: args });
  };
  return {
    post: (writer, n) =>
      call(writer, 'create_entities', {
        entities: [{ name: nameOf(writer, n), entityType: 'message', observations: [body] }],
      }),
    read: (writer, n) => call(writer, 'open_nodes', { names: [nameOf(writer, n)] }),
    async kept() {
      const text = await readFile(file, 'utf8').catch(() => '');
      return new Set(text.match(/orch\/bench\/m\/w\d+-\d+/g)).size;
    },
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** How much of a model's context the names of so many messages would take, had nobody moved them away; and what they take now. */
async function listing(): Promise<string> {
  const names = Array.from(
    { length: listed },
    (_, n) => `orch/r261128-100000-ab12/m/${String(n).padStart(6, '0')}-architect-all-result`,
  );
  const kept = names.slice(-liveMessages);
  const bytes = (list: readonly string[]): number => JSON.stringify({ memories: list }).length;
  return `names in a model's context at ${listed} messages: ${bytes(kept)} characters of ${bytes(names)}`;
}
