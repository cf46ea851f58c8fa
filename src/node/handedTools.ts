import { randomUUID } from 'node:crypto';
import type { HandedServer } from '../core/ask.ts';
import { clipBytes, utf8Bytes } from '../core/bus/text.ts';
import { reasonOf } from '../core/errors.ts';
import { inheritedFrom, secretName } from './models/environment.ts';
import { textOf } from './models/mapping.ts';
import { connect, type Connection, type ListedTool } from './models/mcpClient.ts';
import { oneLine } from './models/text.ts';
import { inTime } from './models/waiting.ts';
import { stdioWire, type Wire } from './models/wire.ts';
import type { ModelTool } from './modelTool.ts';

/**
 * The tools of the MCP servers that were handed on with a call (the bus, code tools), for models that have no agent to start them: here they
 * are started for the length of the call, and ended after it. Only the engine hands servers on, and only such as read and post, so that no
 * tool of theirs needs the person's word. One that cannot be had, or dies, is told and missed; it never stops a call.
 */

export interface HandedTools {
  readonly tools: readonly ModelTool[];
  /** Names of the tools, as the model has them, by server. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  /** A sentence for each server that could not be had, or is there no more. */
  lacking(): string[];
}

export interface HandedWhere {
  /** Working folder of the servers. */
  readonly cwd: string;
  /** What of it every server gets is theirs as well; no key is. */
  readonly env: NodeJS.ProcessEnv;
  /** Names that the model has for other tools. */
  readonly taken: readonly string[];
  readonly signal: AbortSignal;
  readonly limits?: Partial<typeof usual>;
}

const usual = {
  /** Until a server has named its tools. */
  startMs: 30_000,
  /** Code tools may have to start a language server first. */
  callMs: 180_000,
  /** Uses of the tools of one server. */
  calls: 100,
  resultBytes: 64 * 1024,
};

const graceMs = 3000;
const toolsMost = 40;
const descriptionBytes = 2048;
const schemaBytes = 16 * 1024;
/** A result that is longer is no message; one below is cut. */
const messageBytes = 8 * 1024 * 1024;
/** What every provider takes as the name of a tool. */
const fit = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

interface Server {
  readonly name: string;
  readonly connection: Connection;
  readonly listed: ReadonlyMap<string, ListedTool>;
}

/** Works with the tools of these servers; when it resolves or rejects, nothing of them is left. */
export async function withHandedTools<T>(
  servers: readonly HandedServer[],
  where: HandedWhere,
  work: (handed: HandedTools) => Promise<T>,
): Promise<T> {
  const wires: Wire[] = [];
  try {
    const began = await Promise.all(
      servers.map((server) =>
        begin(server, where, (wire) => wires.push(wire)).catch((error: unknown) => reasonOf(error)),
      ),
    );
    where.signal.throwIfAborted();
    return await work(offer(servers, began, where));
  } finally {
    await Promise.all(wires.map((wire) => wire.close(graceMs)));
  }
}

async function begin(server: HandedServer, where: HandedWhere, started: (wire: Wire) => void): Promise<Server> {
  const { name, command, args, env } = server;
  const { startMs } = { ...usual, ...where.limits };
  const secrets = Object.entries(env).flatMap(([key, value]) => (secretName.test(key) ? [value] : []));
  const wire = stdioWire({
    name,
    settled: { command, args, env: { ...inheritedFrom(where.env), ...env }, url: undefined, headers: {}, secrets },
    cwd: where.cwd,
    maxBytes: () => messageBytes,
    debug: () => {},
  });
  started(wire);
  const hooks = {
    onProgress() {},
    onSign() {},
    onLost() {},
    onElicit: () => Promise.resolve({ action: 'decline' as const }),
  };
  return inTime(
    startMs,
    () => new Error(`${name} did not start within ${Math.round(startMs / 1000)} s.`),
    async (limit) => {
      const either = AbortSignal.any([limit, where.signal]);
      const connection = await connect(wire, hooks, either);
      return { name, connection, listed: await connection.tools(either) };
    },
  );
}

/** `began`: each server, or why it did not start. */
function offer(servers: readonly HandedServer[], began: readonly (Server | string)[], where: HandedWhere): HandedTools {
  const taken = new Set(where.taken);
  const tools: ModelTool[] = [];
  const names = new Map<string, string[]>();
  for (const server of began) {
    if (typeof server === 'string') continue;
    const use = userOf(server, where);
    const own: string[] = [];
    for (const [tool, { description, inputSchema }] of server.listed) {
      if (tools.length >= toolsMost) break;
      const { $schema: _, ...schema } = inputSchema;
      const name = nameFor(server.name, tool, taken);
      // One that no provider would take would fail the whole request.
      if (name === undefined || schema['type'] !== 'object' || utf8Bytes(JSON.stringify(schema)) > schemaBytes)
        continue;
      taken.add(name);
      own.push(name);
      tools.push({
        name,
        description: clipBytes(description.toWellFormed(), descriptionBytes),
        schema,
        title: () => `${server.name}: ${oneLine(tool, 80)}`,
        run: (args) => use(tool, args),
      });
    }
    if (own.length > 0) names.set(server.name, own);
  }
  return {
    tools,
    names,
    lacking: () =>
      servers.flatMap(({ name }, n) => {
        const server = began[n];
        const why = typeof server === 'object' ? server.connection.lost?.message : server;
        return why === undefined ? [] : [`MCP server ${name}: ${oneLine(why, 300)}`];
      }),
  };
}

/** The tool's own name where the model has none like it, else with the server's before it; undefined where none is fit. */
function nameFor(server: string, tool: string, taken: ReadonlySet<string>): string | undefined {
  const names = [tool, `${server}_${tool}`.replaceAll(/[^A-Za-z0-9_-]/g, '_')];
  return names.find((name) => fit.test(name) && !taken.has(name));
}

/** Uses a tool of one server, one after the other as a model expects it, and within the limits. */
function userOf({ name, connection }: Server, where: HandedWhere): (tool: string, args: unknown) => Promise<string> {
  const { callMs, calls, resultBytes } = { ...usual, ...where.limits };
  let used = 0;
  let last: Promise<unknown> = Promise.resolve();
  const use = async (tool: string, args: unknown): Promise<string> => {
    where.signal.throwIfAborted();
    if (typeof args !== 'object' || args === null || Array.isArray(args))
      return 'Not done: the arguments must be an object.';
    if (++used > calls) return `Not done: the tools of ${name} were used ${calls} times, which is all. Answer now.`;
    try {
      const result = await inTime(
        callMs,
        () => new Error(`${name} did not answer within ${Math.round(callMs / 1000)} s.`),
        (limit) =>
          connection.call(tool, { ...args }, { token: randomUUID(), signal: AbortSignal.any([limit, where.signal]) }),
      );
      const text = textOf(result).toWellFormed();
      const cut = clipBytes(text, resultBytes);
      if (cut.length < text.length) return `${cut}\n[… cut: ask for less]`;
      return text === '' ? (result.isError ? 'Not done.' : 'Done; there is no text.') : text;
    } catch (error) {
      where.signal.throwIfAborted();
      const gone = connection.lost === undefined ? '' : ` Go on without the tools of ${name}.`;
      return `Not done: ${oneLine(reasonOf(error), 300)}${gone}`;
    }
  };
  return (tool, args) => {
    const turn = last.then(() => use(tool, args));
    last = turn.catch(() => {});
    return turn;
  };
}
