import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { AskInput, AskProgress } from '../../../src/core/ask.ts';
import { openBus } from '../../../src/node/memory/bus.ts';
import { openStore } from '../../../src/node/memory/store.ts';
import { askEditor } from '../../../src/vscode/lm/ask.ts';
import { editorsModels, matching, plainId } from '../../../src/vscode/lm/find.ts';
import { activated, eventually, place, root } from './support.ts';

const input: AskInput = {
  call: {
    run: 'r1',
    key: 'implementation/implementer',
    role: 'implementer',
    phase: 'implementation',
    kind: 'written',
    attempt: 1,
  },
  prompt: 'Say what stands in src/auth.ts.',
  model: 'claude-sonnet-4-5-20250929',
  cwd: root,
  access: 'write',
  paths: ['src/**'],
};

describe('the models of the editor', () => {
  it('are found by the ids of the vendors', async () => {
    assert.equal(plainId('anthropic/claude-sonnet-4.5-20250929'), 'claude-sonnet-4-5');
    const models = await eventually('a model', async () => {
      const found = await editorsModels();
      return found.length > 0 && found;
    });
    assert.equal(matching(models, ['gpt-5', 'claude-sonnet-4-5-20250929'])?.model.id, 'test-sonnet');
    assert.equal(matching(models, ['claude-sonnet-4']), undefined, 'another version is another model');
  });

  it('look at the folder through tools, and give edits', async () => {
    const said: AskProgress[] = [];
    const ending = await askEditor(input, {
      signal: new AbortController().signal,
      progress: async (progress) => void said.push(progress),
      permit: async () => 'no',
    });
    assert.ok(ending.type === 'answer', JSON.stringify(ending));
    assert.match(ending.output.text, /timing|token|key/i, 'it was told what stands in the file');
    assert.deepEqual(ending.output.edits, [{ path: 'src/new.ts', content: 'export {};\n' }]);
    assert.ok(said.some((one) => one.kind === 'tool' && one.title.includes('src/auth.ts')));
  });

  it('use the tools of servers that are handed on, and end them', async () => {
    const other = join(place, 'bus');
    await mkdir(other);
    const quiet = (): void => {};
    const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const bus = await openBus({ root: other, run: 'r1', store: await openStore(other), hash, log });
    const message = {
      from: 'architect',
      to: ['all'],
      kind: 'finding',
      subject: 'A bucket for each caller',
      body: 'So.\n',
    };
    const event = { type: 'message.posted' as const, seq: 1, memory: '', verified: true, ...message };
    await bus.post({ seq: 1, at: new Date().toISOString(), epoch: 1, event });
    const { extensionPath } = vscode.extensions.getExtension('model-orchestra.model-orchestra') ?? assert.fail();
    const seat = { ORCHESTRA_BUS_SEAT: join(other, 'seat'), ORCHESTRA_BUS_KEY: 'none', ORCHESTRA_BUS_MOST: '1' };
    const server = {
      name: 'bus',
      command: process.execPath,
      args: [join(extensionPath, 'dist', 'servers', 'bus.mjs')],
      env: {
        ELECTRON_RUN_AS_NODE: '1',
        ORCHESTRA_BUS_ROOT: other,
        ORCHESTRA_BUS_RUN: 'r1',
        ORCHESTRA_BUS_ROLE: 'critic',
        ...seat,
      },
    };
    const said: AskProgress[] = [];
    const ending = await askEditor(
      { ...input, servers: [server] },
      {
        signal: new AbortController().signal,
        progress: async (progress) => void said.push(progress),
        permit: async () => 'no',
      },
    );
    assert.ok(ending.type === 'answer', JSON.stringify(ending));
    assert.match(ending.output.text, /#1 architect to all, finding: A bucket for each caller/);
    assert.equal(ending.output.refused, undefined);
    assert.ok(said.some((one) => one.kind === 'tool' && one.title === 'bus: bus_list'));
  });

  it('a model that the editor does not have is said to be missing', async () => {
    const ending = await askEditor(
      { ...input, model: 'gpt-5' },
      { signal: new AbortController().signal, progress: async () => {}, permit: async () => 'no' },
    );
    assert.ok(ending.type === 'failure' && ending.failure.kind === 'no-model');
  });

  it('stand in the doctor’s table as routes', async () => {
    const { session } = await activated();
    const project = await session.project();
    const diagnosis = await project?.diagnose({ signal: new AbortController().signal });
    const route = diagnosis?.routes.find(({ what }) => what.includes('vscode-lm') && what.startsWith('Claude 4.5'));
    assert.equal(route?.state, 'ok', JSON.stringify(route));
    // What the setting says when it is looked counts, not what it said when the window was opened.
    const settings = vscode.workspace.getConfiguration('orchestra');
    await settings.update('languageModels.offer', false, vscode.ConfigurationTarget.Global);
    try {
      const without = await project?.diagnose({ signal: new AbortController().signal });
      assert.ok(!without?.routes.some(({ what, state }) => what.includes('vscode-lm') && state === 'ok'));
    } finally {
      await settings.update('languageModels.offer', undefined, vscode.ConfigurationTarget.Global);
    }
  });
});
