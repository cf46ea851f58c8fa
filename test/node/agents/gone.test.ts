import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../../../src/core/ask.ts';
import { start } from '../../../src/node/processes.ts';
import { startAgent } from '../../../src/servers/agents/agentProcess.ts';
import type { AgentOptions } from '../../../src/servers/agents/agentProcess.ts';
import { skipFor } from '../../harness/skip.ts';

/** Answers the handshake and ends at once; what it started in a session of its own keeps its stdout open for a while. */
const program = `
  const { spawn } = require('node:child_process');
  process.stdin.once('data', (line) => {
    const { id } = JSON.parse(line);
    process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: { protocolVersion: 1 } }) + '\\n', () => {
      spawn(process.execPath, ['-e', 'setTimeout(() => {}, 700)'], { detached: true, stdio: ['ignore', 'inherit', 'ignore'] });
      setTimeout(() => process.exit(7), 100);
    });
  });
`;

/** Answers the handshake, then what it is asked when there is such a file, and ends with that. */
const lastWord = (go: string): string => `
  const { existsSync } = require('node:fs');
  const say = (id, result, then) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n', then);
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (method === 'initialize') return say(id, { protocolVersion: 1 });
    const timer = setInterval(() => {
      if (!existsSync(${JSON.stringify(go)})) return;
      clearInterval(timer);
      say(id, { word: 'last' }, () => process.exit(0));
    }, 20);
  });
`;

const never = new AbortController().signal;

function optionsOf(script: string, onGone: (failure: Failure) => void): AgentOptions {
  const no = (): never => {
    throw new Error('Not asked for.');
  };
  return {
    title: 'The agent',
    launch: { file: process.execPath, args: ['-e', script] },
    cwd: tmpdir(),
    env: process.env,
    readsFiles: true,
    secrets: [],
    hooks: {
      onUpdate: no,
      onPermission: no,
      onRead: no,
      onWrite: no,
      onNotice: () => undefined,
      onUnknown: no,
      onGone,
    },
    signal: never,
    debug: () => undefined,
  };
}

/** It has ended, and nobody has taken note of it yet. */
function isOver(pid: number): boolean {
  return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

function holdUntil(over: () => boolean): void {
  for (const end = Date.now() + 20_000; !over() && Date.now() < end;);
}

describe('an agent that is gone', () => {
  it('takes nobody along when its output ends after it', async () => {
    const gone = Promise.withResolvers<Failure>();
    const agent = await startAgent(optionsOf(program, gone.resolve));
    const failure = await gone.promise;
    assert.equal(failure.kind, 'crash');
    assert.match(failure.message, /exit code 7/);
    // What throws in an event would end this process.
    await delay(1500);
    await agent.end();
  });

  it('is heard to its last word, however long we ourselves are held up', async function () {
    if (process.platform !== 'linux') skipFor(this, 'Linux only');
    const folder = await mkdtemp(join(tmpdir(), 'orchestra-gone-'));
    const go = join(folder, 'go');
    const gone = Promise.withResolvers<Failure>();
    const agent = await startAgent(optionsOf(lastWord(go), gone.resolve));
    const asked = agent.request('work', {});
    asked.catch(() => {});
    const other = await start('/bin/sh', ['-c', 'echo'], { cwd: folder, env: process.env, signal: never });
    other.stdout.on('data', () => {
      // The agent answers and ends while we deal with the other, whose end then shows both to be over.
      writeFileSync(go, '');
      holdUntil(() => isOver(agent.pid));
    });
    holdUntil(() => isOver(other.pid));
    assert.deepEqual(await asked, { word: 'last' });
    assert.match((await gone.promise).message, /exit code 0/);
    await other.end(0);
    await rm(folder, { recursive: true, force: true });
  });
});
