import { once } from 'node:events';
import type { Failure } from '../../core/ask.ts';
import { outputOf } from './performance.ts';
import type { Ending } from '../../node/askServer.ts';
import type { Performance } from './performance.ts';
import type { FaultStep } from './script.ts';

const mebibyte = 1024 * 1024;
/** Much larger than any pipe's buffer, small enough to be let go between. */
const rawPiece = mebibyte;

/** Misbehaves as the step says. Undefined: the call goes on with its next step. */
export async function playFault(step: FaultStep, performance: Performance): Promise<Ending | undefined> {
  const { stage } = performance;
  switch (step.fault) {
    case 'error-result':
      return failure('error', step.message ?? 'Scripted: the model ran into an error.');
    case 'rpc-error':
      return { type: 'rpc-error', message: step.message ?? 'Scripted: internal error.' };
    case 'rate-limit':
      return failure('rate-limit', step.message ?? 'Scripted: too many requests.', step.resetsAt);
    case 'quota':
      return failure('quota', step.message ?? 'Scripted: the quota is used up.', step.resetsAt);
    case 'not-signed-in':
      return failure('not-signed-in', step.message ?? 'Scripted: sign in first.');
    case 'limit-text':
      // What some agents return as a good answer.
      return {
        type: 'answer',
        output: { ...outputOf(performance), text: step.message ?? "You've hit your usage limit. Try again later." },
      };
    case 'empty':
      return { type: 'answer', output: { ...outputOf(performance), text: '' } };
    case 'wrong-model':
      performance.model = step.model ?? 'another-model';
      return undefined;
    case 'bad-answer':
      performance.spoiled = true;
      return undefined;
    case 'slow':
      performance.pace = { ...performance.pace, delay: step.ms ?? 1000 };
      return undefined;
    case 'crash':
      process.stderr.write(`${step.message ?? 'scripted: crash on request'}\n`);
      process.exit(step.code ?? 3);
    case 'hang':
      await once(stage.signal, 'abort');
      stage.signal.throwIfAborted();
      return undefined;
    case 'frozen':
      // Not even the end of stdin is noticed.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, step.ms ?? 3_600_000);
      return undefined;
    case 'garbage':
      await garbage(performance, step.size ?? 100_000);
      return undefined;
    case 'noise':
      await garbage(performance, step.size ?? 5);
      return undefined;
    case 'huge':
      return { type: 'answer', output: { ...outputOf(performance), text: 'x'.repeat(step.size ?? 100 * mebibyte) } };
    case 'huge-line': {
      const size = step.size ?? 100 * mebibyte;
      for (let written = 0; written < size; written += rawPiece) {
        stage.signal.throwIfAborted();
        await stage.raw('x'.repeat(Math.min(rawPiece, size - written)));
      }
      await stage.raw('\n');
      return undefined;
    }
    case 'progress-flood':
      for (let n = 0; n < (step.size ?? 50_000); n++) {
        stage.signal.throwIfAborted();
        await stage.progress(n % 2 === 0 ? { kind: 'thought', text: '.' } : { kind: 'tool', title: `tool ${n}` });
      }
      return undefined;
  }
}

/** Lines that are no JSON-RPC: words, torn frames, JSON of another kind, bytes that are no text. */
async function garbage({ stage }: Performance, lines: number): Promise<void> {
  const kinds = [
    'Debugger attached.',
    '{"jsonrpc":"2.0","id":',
    '{"level":30,"msg":"listening"}',
    'null',
    '\u0000\uFFFD\u001B[31m',
  ];
  for (let n = 0; n < lines; n += 100) {
    stage.signal.throwIfAborted();
    const some = Array.from({ length: Math.min(100, lines - n) }, (_, i) => kinds[(n + i) % kinds.length]);
    await stage.raw(`${some.join('\n')}\n`);
  }
}

function failure(kind: Failure['kind'], message: string, resetsAt?: string): Ending {
  return { type: 'failure', failure: { kind, message, ...(resetsAt === undefined ? {} : { resetsAt }) } };
}
