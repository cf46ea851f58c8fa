import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HandedServer } from '../../core/ask.ts';
import { type Child, start } from '../../node/processes.ts';
import type { UseStep } from './script.ts';

/** Uses an MCP server that was handed on with the call, as an agent would: starts it, calls a tool, ends it. */

const againMs = 60;
/** A server may have something of its own to end. */
const graceMs = 5000;

interface Answer {
  readonly result?: {
    readonly content?: readonly { readonly type: string; readonly text?: string }[];
    readonly isError?: boolean;
  };
  readonly error?: { readonly message?: string };
}

/** The text of the tool's result; with `until` of the first result that fits, or the last one when the time is over. Throws where the server was not handed on. */
export async function useHanded(
  servers: readonly HandedServer[],
  step: Pick<UseStep, 'use' | 'server' | 'until' | 'within'> & { readonly arguments: unknown },
  cwd: string,
  signal: AbortSignal,
): Promise<string> {
  const server = servers.find((one) => one.name === step.server);
  if (!server) throw new Error(`no server ${step.server} was handed on with this call`);
  const child = await start(server.command, server.args, {
    cwd,
    env: { PATH: process.env['PATH'], ...server.env },
    signal,
  });
  try {
    const ask = conversation(child);
    await ask('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: 'scripted', version: '1' },
    });
    child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
    const end = Date.now() + step.within;
    for (;;) {
      const { result, error } = await ask('tools/call', { name: step.use, arguments: step.arguments });
      if (error) throw new Error(`${step.server} cannot do ${step.use}: ${error.message ?? 'no word why'}`);
      const text = (result?.content ?? []).map((part) => part.text ?? '').join('\n');
      if (step.until === undefined || new RegExp(step.until, 'su').test(text) || Date.now() > end) return text;
      await sleep(againMs, undefined, { signal });
    }
  } finally {
    await child.end(graceMs);
  }
}

/** Requests one after the other over the child's stdin and stdout; an end of the child rejects what waits. */
function conversation(child: Child): (method: string, params: unknown) => Promise<Answer> {
  const waiting = new Map<number, (answer: Answer) => void>();
  const lines = createInterface({ input: child.stdout });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-2000)));
  lines.on('line', (line) => {
    try {
      const message = JSON.parse(line) as Answer & { id?: number };
      if (message.id !== undefined) waiting.get(message.id)?.(message);
    } catch {
      // Not for us.
    }
  });
  const gone = child.exited.then(() => new Error(`the server ended. ${errors.trim()}`.trim()));
  let id = 0;
  return async (method, params) => {
    id += 1;
    const mine = id;
    const { promise, resolve } = Promise.withResolvers<Answer>();
    waiting.set(mine, resolve);
    child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', id: mine, method, params })}\n`);
    const answer = await Promise.race([promise, gone]);
    waiting.delete(mine);
    if (answer instanceof Error) throw answer;
    return answer;
  };
}
