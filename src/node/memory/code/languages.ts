import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { npmEntry, type NpmPackage } from '../../npm.ts';

/** Languages whose server reads code and runs none of it. One that builds what it looks at (Rust, Java) has no place here. */
export interface Language {
  readonly title: string;
  readonly endings: readonly string[];
  /** What is fetched for it, and from where. */
  readonly brings: string;
  /** A server that we fetch, where Serena's own way needs more than there may be. Else Serena fetches it. */
  readonly npm?: NpmPackage;
  /** A file to try the server on, and a symbol of it. */
  readonly sample: { readonly path: string; readonly text: string; readonly symbol: string };
}

/** By Serena's own names for them. */
export const languages: Readonly<Record<string, Language>> = {
  typescript: {
    title: 'TypeScript and JavaScript',
    endings: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs'],
    brings: 'typescript and typescript-language-server from npm (about 30 MB); it needs Node.js on your PATH',
    sample: { path: 'sample.ts', text: 'export function sample(): number {\n  return 1;\n}\n', symbol: 'sample' },
  },
  python: {
    title: 'Python',
    endings: ['.py', '.pyi'],
    brings: 'pyright from npm (about 35 MB); it needs Node.js on your PATH',
    // Serena would start it by uv, which fetches a Python and a Node for it, and writes into its cache at every start.
    npm: { package: 'pyright', version: '1.1.403', entry: 'langserver.index.js', without: [] },
    sample: { path: 'sample.py', text: 'def sample():\n    return 1\n', symbol: 'sample' },
  },
};

/** Where a server lies that we fetch, among a version's language servers. */
export function npmFolder({ package: name, version }: NpmPackage, servers: string): string {
  return join(servers, `${name}-${version}`);
}

/** What Serena is told of the servers of these languages that it is not to fetch. Source: its `LanguageServerDependencyProviderBaseCommand`. */
export function serverSettings(names: readonly string[], servers: string): Record<string, { ls_base_cmd: string[] }> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const npm = languages[name]?.npm;
      const entry = npm && npmEntry(npm, npmFolder(npm, servers));
      // One that was fetched in another way is started in that way.
      return entry !== undefined && existsSync(entry) ? [[name, { ls_base_cmd: ['node', entry] }]] : [];
    }),
  );
}

const entriesMost = 20_000;
const passedBy = new Set(['node_modules', 'dist', 'build', 'out', 'vendor', 'venv', 'target', '__pycache__']);

/** The languages of a folder that are known here, the most frequent first; hidden folders and what is built or fetched are passed by. */
export async function languagesIn(root: string): Promise<string[]> {
  const counts = new Map<string, number>();
  let left = entriesMost;
  const open = [root];
  for (let folder = open.shift(); folder !== undefined && left > 0; folder = open.shift()) {
    for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
      left -= 1;
      if (entry.name.startsWith('.')) continue;
      if (entry.isDirectory()) {
        if (!passedBy.has(entry.name)) open.push(join(folder, entry.name));
        continue;
      }
      const ending = extname(entry.name).toLowerCase();
      const found = Object.entries(languages).find(([, language]) => language.endings.includes(ending));
      if (found) counts.set(found[0], (counts.get(found[0]) ?? 0) + 1);
    }
  }
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([name]) => name);
}
