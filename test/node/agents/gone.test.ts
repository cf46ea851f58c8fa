import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Failure } from '../../../src/core/ask.ts';
import { startAgent } from '../../../src/servers/agents/agentProcess.ts';

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

describe('an agent that is gone', () => {
  it('takes nobody along when its output ends after it', async () => {
    const gone = Promise.withResolvers<Failure>();
    const no = (): never => {
      throw new Error('Not asked for.');
    };
    const agent = await startAgent({
      title: 'The agent',
      launch: { file: process.execPath, args: ['-e', program] },
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
        onGone: gone.resolve,
      },
      signal: new AbortController().signal,
      debug: () => undefined,
    });
    const failure = await gone.promise;
    assert.equal(failure.kind, 'crash');
    assert.match(failure.message, /exit code 7/);
    // What throws in an event would end this process.
    await delay(1500);
    await agent.end();
  });
});
