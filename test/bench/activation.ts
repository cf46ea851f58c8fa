import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Activation, activationFile, activationWords } from '../host/activation.ts';
import { versions } from '../host/install.ts';
import { buildSuites, play } from '../host/play.ts';

const root = resolve(import.meta.dirname, '..', '..');
const starts = 5;

/** What activation and first use cost in a real VS Code, against an extension that does nothing, and what the bundles weigh; minified, as packed. */
export async function benchActivation(): Promise<string[]> {
  const bundle = (...args: string[]): Promise<unknown> =>
    promisify(execFile)(process.execPath, ['esbuild.config.mjs', ...args, 'extension', 'window', 'webview'], {
      cwd: root,
    });
  await buildSuites();
  await bundle('--minify');
  const lines: string[] = [];
  try {
    for (const version of versions) {
      const all: Activation[] = [];
      const launches = Array.from({ length: starts }, () => ({ suite: 'activation' }));
      await play(
        {
          name: 'activation',
          launches,
          beside: ['empty'],
          async page(_page, { place }, signal) {
            if (!signal.aborted) await once(signal, 'abort');
            const text = await readFile(activationFile(place), 'utf8');
            all.splice(
              0,
              all.length,
              ...text
                .trim()
                .split('\n')
                .map((line) => JSON.parse(line) as Activation),
            );
          },
        },
        version,
      );
      lines.push(`VS Code ${version}, ${all.length} starts (medians): ${activationWords(all)}`);
    }
    for (const name of ['extension.cjs', 'window.cjs', 'webview/panel.js']) {
      const { size } = await stat(join(root, 'dist', name));
      lines.push(`bundle: dist/${name} ${(size / 1024).toFixed(0)} KiB`);
    }
  } finally {
    await bundle();
  }
  return lines;
}
