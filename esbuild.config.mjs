// node esbuild.config.mjs [entry ...]       builds every bundle, or the named ones
// node esbuild.config.mjs --minify          the same, small: for packages
// node esbuild.config.mjs --watch           builds again on every change
// node esbuild.config.mjs --check-layers    proves that core is pure; writes nothing
import { chmod, glob, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { build, context } from 'esbuild';

/** Dependencies in CommonJS call require() for Node's own modules, which an ES module does not have. */
const requireBanner = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire(import.meta.url);`;

/**
 * Node's HTTP, read when it is needed: to import it by name asks its every export, and three of them load all of Node's `fetch`,
 * a tenth of the time in which a bundle starts.
 */
const httpLater = {
  name: 'http-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?https?2?$/ }, ({ path }) => ({ path, namespace: 'http-later' }));
    onLoad({ filter: /./, namespace: 'http-later' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};

const esm = {
  platform: 'node',
  target: 'node22.18',
  format: 'esm',
  banner: { js: requireBanner },
  plugins: [httpLater],
};

/** CommonJS has no `import.meta`: what asks where it lies gets the bundle's own place. */
const extension = {
  platform: 'node',
  target: 'node22.18',
  format: 'cjs',
  external: ['vscode'],
  define: { 'import.meta.url': '__moduleUrl' },
  banner: { js: `const __moduleUrl = require('node:url').pathToFileURL(__filename).href;` },
  // A bundle that is imported finds the editor's module only by `require`.
  supported: { 'dynamic-import': false },
};

/** What activation loads is small: the rest of the extension is read when something of it is wanted. */
const windowLater = {
  name: 'window-later',
  setup({ onResolve }) {
    onResolve({ filter: /^[.]\/window[.]ts$/ }, ({ kind }) =>
      kind === 'dynamic-import' ? { path: './window.cjs', external: true } : undefined,
    );
  },
};

/** One row per bundle. Only the extension may mark `vscode` external: a stray import of it breaks every other bundle. */
const entries = {
  extension: { ...extension, source: 'src/vscode/extension.ts', outfile: 'dist/extension.cjs', plugins: [windowLater] },
  window: { ...extension, source: 'src/vscode/window.ts', outfile: 'dist/window.cjs' },
  cli: { ...esm, source: 'src/cli/main.ts', outfile: 'dist/cli.main.mjs' },
  'servers/agents': { ...esm, source: 'src/servers/agents/main.ts', outfile: 'dist/servers/agents.mjs' },
  'servers/keys': { ...esm, source: 'src/servers/keys/main.ts', outfile: 'dist/servers/keys.mjs' },
  'servers/bus': { ...esm, source: 'src/servers/bus/main.ts', outfile: 'dist/servers/bus.mjs' },
  'servers/code': { ...esm, source: 'src/servers/code/main.ts', outfile: 'dist/servers/code.mjs' },
  'servers/scripted': { ...esm, source: 'src/servers/scripted/main.ts', outfile: 'dist/servers/scripted.mjs' },
  webview: {
    platform: 'browser',
    target: 'chrome132',
    format: 'esm',
    minify: true,
    source: 'src/webview/main.ts',
    outfile: 'dist/webview/panel.js',
  },
};

/** Not written inside glob(): knip would take every file that a literal pattern matches for used. */
const coreFiles = 'src/core/**/*.ts';

/** The packages that core may bundle, as .oxlintrc.json has them. */
const corePackages = ['zod', 'diff', 'node-diff3'];

/** Without maps: what is packed is not debugged. Names of classes are kept, some are looked at. */
const small = { minify: true, keepNames: true, sourcemap: false };

const common = { bundle: true, sourcemap: true, sourcesContent: false, logLevel: 'warning' };

/** Writes a file whole or not at all, and only when it is another: what runs from `dist` meanwhile never meets half of it. */
async function put(path, contents) {
  const bytes = Buffer.from(contents);
  const before = await readFile(path).catch(() => undefined);
  if (before?.equals(bytes)) return;
  await mkdir(dirname(path), { recursive: true });
  const half = `${path}.${process.pid}.tmp`;
  await writeFile(half, bytes);
  await rename(half, path);
}

/**
 * `orchestra` starts here: an old Node must get one clear sentence, and it would fail while it links the bundle, so the
 * version is checked in a file of its own, in syntax that every Node with ES modules can read.
 */
async function writeLauncher() {
  const { engines } = JSON.parse(await readFile('package.json', 'utf8'));
  const [major, minor] = engines.node.replace('>=', '').split('.').map(Number);
  const lines = [
    '#!/usr/bin/env node',
    `const [major, minor] = process.versions.node.split('.').map(Number);`,
    `if (major > ${major} || (major === ${major} && minor >= ${minor})) {`,
    `  import('./cli.main.mjs');`,
    `} else {`,
    `  process.stderr.write('Model Orchestra needs Node.js ${major}.${minor} or newer; this is ' + process.versions.node + '.\\n');`,
    `  process.exitCode = 2;`,
    `}`,
    '',
  ];
  await put('dist/cli.mjs', lines.join('\n'));
  await chmod('dist/cli.mjs', 0o755);
}

/** The editor's icons, as a font and its stylesheet, lie beside the webview's bundle. */
async function copyIcons() {
  for (const name of ['codicon.css', 'codicon.ttf'])
    await put(`dist/webview/${name}`, await readFile(`node_modules/@vscode/codicons/dist/${name}`));
}

/** Bundles all of core for a browser with nothing external: node:* and vscode do not resolve there. */
async function checkLayers() {
  const files = await Array.fromAsync(glob(coreFiles));
  if (files.length === 0) throw new Error('The layer check found no file in src/core.');
  const { metafile } = await build({
    ...common,
    entryPoints: files,
    platform: 'browser',
    format: 'esm',
    outdir: 'dist',
    write: false,
    metafile: true,
  });
  const allowed = new RegExp(`^(src/core/|node_modules/(${corePackages.join('|')})/)`);
  const strays = Object.keys(metafile.inputs).filter((input) => !allowed.test(input));
  if (strays.length > 0) {
    const places = new Set(strays.map((input) => /^node_modules\/(@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? input));
    throw new Error(`Core reaches what is not core: ${[...places].join(', ')}.`);
  }
  console.log(`Layers: core is pure (${files.length} files bundle for a browser).`);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { watch: { type: 'boolean' }, minify: { type: 'boolean' }, 'check-layers': { type: 'boolean' } },
  });
  if (values['check-layers']) return checkLayers();

  const unknown = positionals.filter((name) => !(name in entries));
  if (unknown.length > 0)
    throw new Error(`No such entry: ${unknown.join(', ')}. There are: ${Object.keys(entries).join(', ')}.`);
  const names = positionals.length > 0 ? positionals : Object.keys(entries);
  await writeLauncher();
  if (names.includes('webview')) await copyIcons();
  const options = names.map((name) => {
    const { source, ...rest } = entries[name];
    return { ...common, ...rest, ...(values.minify && small), entryPoints: [source] };
  });
  if (!values.watch) {
    const built = await Promise.all(options.map((each) => build({ ...each, write: false })));
    for (const { path, contents } of built.flatMap(({ outputFiles }) => outputFiles)) await put(path, contents);
    return;
  }
  for (const each of options) await (await context({ ...each, logLevel: 'info' })).watch();
}

try {
  await main();
} catch (error) {
  // esbuild has already printed its own errors.
  if (!error.errors) console.error(error.message);
  process.exitCode = 1;
}
