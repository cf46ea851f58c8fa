import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openCode } from '../../../src/node/memory/code/serena.ts';

const looking = resolve(import.meta.dirname, '../../fixtures/servers/looking.mjs');
const never = new AbortController().signal;

describe('code tools', () => {
  it('start a lost server once more, however many ask at that moment, and leave nothing', async () => {
    const base = await mkdtemp(join(tmpdir(), 'orchestra-code-'));
    const log = join(base, 'log');
    const [workspace, folder, servers] = ['workspace', 'folder', 'servers'].map((name) => join(base, name));
    try {
      for (const each of [workspace, folder, servers]) await mkdir(each!);
      const code = openCode({
        program: { command: process.execPath, args: [looking, log] },
        workspace: workspace!,
        folder: folder!,
        servers: servers!,
        languages: [],
        env: process.env,
        debug: () => {},
      });
      const see = (): Promise<{ text: string }> => code.ask('get_symbols_overview', { relative_path: 'a.ts' }, never);
      assert.deepEqual(
        (await Promise.all([see(), see()])).map(({ text }) => text),
        ['seen', 'seen'],
      );
      await assert.rejects(code.ask('find_symbol', {}, never));
      assert.deepEqual(
        (await Promise.all([see(), see(), see()])).map(({ text }) => text),
        ['seen', 'seen', 'seen'],
      );
      const started = (await readFile(log, 'utf8')).split('\n').filter((line) => line === 'started');
      assert.equal(started.length, 2);
      await code.end();
      assert.deepEqual(await readdir(folder!), []);
    } finally {
      await rm(base, { recursive: true, force: true, maxRetries: 3 });
    }
  });
});
