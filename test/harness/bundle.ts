import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type BuildOptions, buildSync } from 'esbuild';

/**
 * Programs that tests start, bundled as the product's are: a bundle starts in a third of the time that its sources need. It takes itself
 * for one that lies in `dist`, where the servers and the media are found.
 */

const root = resolve(import.meta.dirname, '..', '..');

const options = {
  bundle: true,
  platform: 'node',
  target: 'node22.18',
  format: 'esm',
  define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(root, 'dist', 'test.mjs')).href) },
  banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
} satisfies BuildOptions;

let folder: string | undefined;
let files = 0;

// Not a root hook: one process runs many files one after the other, and such a hook is the first one's alone.
process.once('exit', () => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

function newFile(): string {
  folder ??= mkdtempSync(join(tmpdir(), 'orchestra-bundles-'));
  return join(folder, `${(files += 1)}.mjs`);
}

const entries = new Map<string, Promise<string>>();

/** The bundle of this entry (a path from the root of the checkout), made once in this process. */
export function bundled(entry: string): Promise<string> {
  const outfile = newFile();
  const made =
    entries.get(entry) ?? build({ ...options, entryPoints: [join(root, entry)], outfile }).then(() => outfile);
  entries.set(entry, made);
  return made;
}

const codes = new Map<string, string>();

/**
 * The bundle of a module with this code, made once in this process. It imports sources by absolute path, and its arguments are
 * `process.argv.slice(1)`, as those of `node -e`.
 */
export function bundledCode(code: string): string {
  const made = codes.get(code) ?? newFile();
  if (!codes.has(code))
    buildSync({
      ...options,
      stdin: { contents: `process.argv.splice(1, 1);\n${code}`, resolveDir: root },
      outfile: made,
    });
  codes.set(code, made);
  return made;
}
