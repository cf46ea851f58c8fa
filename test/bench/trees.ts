import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openWorkspaces } from '../../src/node/git/workspaces.ts';
import { quietLog } from '../harness/host.ts';
import { line, median } from './measure.ts';

const execute = promisify(execFile);
const { signal } = new AbortController();
const folders = 100;
const filesInEach = 100;

/** Merge of three changes and eight workspaces at once, on a repository of 10,000 files, over what git itself takes. */
export async function benchTrees(): Promise<string[]> {
  const place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-bench-')));
  process.env['ORCHESTRA_CACHE'] = join(place, 'cache');
  const root = join(place, 'project');
  const git = async (args: readonly string[], cwd = root): Promise<string> =>
    (
      await execute('git', ['-c', 'user.name=b', '-c', 'user.email=b@example.org', ...args], {
        cwd,
        maxBuffer: 1 << 28,
      })
    ).stdout.trim();
  try {
    for (let d = 0; d < folders; d++) {
      await mkdir(join(root, `d${d}`), { recursive: true });
      await Promise.all(
        Array.from({ length: filesInEach }, (_, f) =>
          writeFile(join(root, `d${d}`, `f${f}.ts`), `export const a = ${d};\nexport const b = ${f};\n`),
        ),
      );
    }
    await git(['init', '--quiet']);
    await git(['add', '--all']);
    await git(['commit', '--quiet', '--message', 'base']);

    const workspaces = await openWorkspaces({ root, run: 'bench', log: quietLog, signal });
    try {
      const base = await workspaces.takeBase(signal);
      const change = async (n: number): Promise<string> => {
        const files = Array.from({ length: 40 }, (_, f) => ({
          path: `d${n * 10}/f${f}.ts`,
          content: `export const a = ${n};\nexport const changed = true;\n`,
        }));
        return (await workspaces.withFiles(base.tree, base.commit, files, signal)).commit;
      };
      const changes = [await change(1), await change(2), await change(3)];
      const ours = await median(3, async () => {
        let at = base.commit;
        for (const theirs of changes) at = (await workspaces.merge(base.commit, at, theirs, signal)).commit;
      });

      const head = await git(['rev-parse', 'HEAD']);
      const branches: string[] = [];
      for (let n = 1; n <= 3; n++) {
        await git(['checkout', '--quiet', '--detach', head]);
        for (let f = 0; f < 40; f++)
          await writeFile(
            join(root, `d${n * 10}`, `f${f}.ts`),
            `export const a = ${n};\nexport const changed = true;\n`,
          );
        await git(['commit', '--quiet', '--all', '--message', 'change']);
        branches.push(await git(['rev-parse', 'HEAD']));
      }
      const bare = await median(3, async () => {
        let at = head;
        for (const theirs of branches) {
          const tree = await git(['merge-tree', '--write-tree', at, theirs]);
          at = await git(['commit-tree', '-p', at, '-p', theirs, '-m', 'merge', tree]);
        }
      });

      let n = 0;
      const eight = await median(1, async () => {
        n += 1;
        await Promise.all(Array.from({ length: 8 }, (_, w) => workspaces.open(`w${n}.${w}`, base.commit, signal)));
      });
      const eightBare = await median(1, async () => {
        n += 1;
        for (let w = 0; w < 8; w++)
          await git(['worktree', 'add', '--quiet', '--detach', join(place, `bare${n}.${w}`), head]);
      });
      return [
        line('merge of 3 changes, 10,000 files', ours, bare, 'git merge-tree and commit-tree by hand'),
        line('8 workspaces at once, 10,000 files', eight, eightBare, '8 times git worktree add, one after the other'),
      ];
    } finally {
      await workspaces.close();
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
