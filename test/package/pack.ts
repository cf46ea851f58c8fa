// `npm run package`: bundles without what only debugging needs, packs the extension, says what each part weighs, and fails when it is too heavy.
import { execFile } from 'node:child_process';
import { readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { deflateRawSync } from 'node:zlib';
import { createVSIX, listFiles, PackageManager } from '@vscode/vsce';
import { layAdapter } from './adapter.ts';

const adaptersPart = 'adapters, as npm has them';
const execute = promisify(execFile);
const root = resolve(import.meta.dirname, '..', '..');
const { name, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
  name: string;
  version: string;
};

/** The most that the package may weigh without the adapters of others that it brings, in bytes. */
const most = 3 * 1024 * 1024;

const node = async (...args: string[]): Promise<string> =>
  (await execute(process.execPath, args, { cwd: root, maxBuffer: 16 * 1024 * 1024 })).stdout;

await node('esbuild.config.mjs', '--minify');
try {
  await layAdapter(join(root, 'dist'));
  const file = `${name}-${version}.vsix`;
  // There is no repository yet that relative links could lead to.
  await createVSIX({
    cwd: root,
    packagePath: join(root, file),
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const files = await listFiles({ cwd: root, packageManager: PackageManager.None });
  const strays = files.filter(
    (path) =>
      path.includes('node_modules') ||
      path.endsWith('.map') ||
      (path.endsWith('.ts') && !path.startsWith('media/sample/')),
  );
  if (strays.length > 0) throw new Error(`These have no place in the package: ${strays.join(', ')}.`);

  const parts = new Map<string, { files: number; raw: number; packed: number }>();
  for (const path of files) {
    const bytes = await readFile(join(root, path));
    const part = partOf(path);
    const sum = parts.get(part) ?? { files: 0, raw: 0, packed: 0 };
    parts.set(part, {
      files: sum.files + 1,
      raw: sum.raw + bytes.length,
      packed: sum.packed + deflateRawSync(bytes).length,
    });
  }
  const kib = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`.padStart(10);
  const rows = [...parts].toSorted(([, a], [, b]) => b.packed - a.packed);
  console.log(`${'part'.padEnd(28)}${'files'.padStart(6)}${'on disk'.padStart(11)}${'packed'.padStart(11)}`);
  for (const [part, { files: count, raw, packed }] of rows)
    console.log(`${part.padEnd(28)}${String(count).padStart(6)} ${kib(raw)} ${kib(packed)}`);
  const size = (await stat(join(root, file))).size - (parts.get(adaptersPart)?.packed ?? 0);
  console.log(`${file}: ${kib(size).trim()} without adapters (at most ${kib(most).trim()})`);
  if (size > most) throw new Error(`The package weighs more than ${kib(most).trim()}.`);
} finally {
  // What is run and debugged here is readable again, and nothing of others.
  await rm(join(root, 'dist', 'adapters'), { recursive: true, force: true });
  await node('esbuild.config.mjs');
}

function partOf(path: string): string {
  if (path.startsWith('dist/adapters/')) return adaptersPart;
  if (path.startsWith('dist/servers/')) return path.slice('dist/'.length);
  if (path.startsWith('dist/webview/')) return 'webview';
  if (path === 'dist/extension.cjs') return 'extension: what activation reads';
  if (path === 'dist/window.cjs') return 'extension: the window';
  if (path.startsWith('media/sample/')) return 'sample project and script';
  if (path.startsWith('media/')) return 'media';
  return 'manifest and documents';
}
