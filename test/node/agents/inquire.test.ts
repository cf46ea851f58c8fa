import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { routeSchema } from '../../../src/core/team/file.ts';
import { agentsMain, fixture, makeAgentStand } from './stand.ts';

describe('what is told of an agent without asking a model', function () {
  const signal = new AbortController().signal;

  it('is whether a route over it can be used, and what to do when not', async () => {
    const stand = await makeAgentStand({
      agent: 'gemini',
      program: 'gemini',
      nature: { dialect: 'old', signedIn: false },
    });
    try {
      const route = routeSchema.parse({ server: 'agents', agent: 'gemini', ids: ['m-1'] });
      const failure = (await stand.models.reach(route, signal)).failure;
      assert.equal(failure?.kind, 'not-signed-in');
      // What a sign-in leaves is enough: the agent is not started for it.
      const before = (await stand.log()).length;
      await mkdir(join(stand.folder, 'home', '.gemini'));
      await writeFile(join(stand.folder, 'home', '.gemini', 'oauth_creds.json'), '{}');
      assert.equal((await stand.models.reach(route, signal)).failure, undefined);
      assert.equal((await stand.log()).length, before);
    } finally {
      await stand.end();
    }
  });

  it('is where it lies, its version, and what it offers now; nothing is prompted', async () => {
    const stand = await makeAgentStand({
      agent: 'codex',
      program: 'codex',
      env: { ORCHESTRA_CODEX_ACP: fixture },
      nature: { modes: ['read-only'], mode: 'read-only', titles: true },
    });
    const env = {
      HOME: join(stand.folder, 'home'),
      PATH: [join(stand.folder, 'bin'), process.env['PATH']].join(':'),
      ORCHESTRA_CODEX_ACP: fixture,
      FIXTURE: JSON.stringify({ modes: ['read-only'], mode: 'read-only', titles: true }),
      FIXTURE_LOG: join(stand.folder, 'agent.log'),
    };
    const client = new Client({ name: 'test', version: '1' });
    try {
      const args = [await agentsMain(), 'codex', '--sandbox', 'off'];
      await client.connect(new StdioClientTransport({ command: process.execPath, args, env }));
      const { structuredContent } = await client.callTool({ name: 'agents', arguments: {} }, undefined, {
        timeout: 60_000,
      });
      const told = structuredContent as Record<string, unknown>;
      assert.equal(told['installed'], true);
      assert.equal(told['path'], join(stand.folder, 'bin', 'codex'));
      assert.deepEqual(told['models'], [
        { id: 'm-1', name: 'm-1' },
        { id: 'm-2', name: 'm-2' },
      ]);
      assert.deepEqual(told['efforts'], ['low', 'medium', 'high']);
      assert.equal(told['sandbox'], 'The sandbox is switched off.');
      const methods = (await stand.log()).flatMap(({ method }) => (method === undefined ? [] : [method]));
      assert.ok(methods.includes('session/close') && !methods.includes('session/prompt'));
    } finally {
      await client.close();
      await stand.end();
    }
  });
});
