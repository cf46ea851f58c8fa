import { createHash } from 'node:crypto';
import type { FileChange, FileSide } from '../../../src/core/change/change.ts';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { mergeText } from '../../../src/core/change/merge.ts';
import { UserError } from '../../../src/core/errors.ts';
import type { Conflict, Workspaces } from '../../../src/core/ports.ts';
import type { Life } from './crash.ts';

/** Path to text; everything is text here. */
export type Files = Map<string, string>;

/** What outlives a process: objects and checkouts. */
export interface Repository {
  readonly trees: Map<string, Files>;
  readonly commits: Map<string, string>;
  readonly checkouts: Map<string, { commit: string; files: Files }>;
  readonly kept: Set<string>;
}

export function newRepository(): Repository {
  return { trees: new Map(), commits: new Map(), checkouts: new Map(), kept: new Set() };
}

const sha = (text: string): string => createHash('sha1').update(text).digest('hex');
const blobs = new Map<string, string>();
const blob = (text: string): string => {
  const known = blobs.get(text) ?? sha(`blob ${Buffer.byteLength(text)}\0${text}`);
  blobs.set(text, known);
  return known;
};
const sideOf = (text: string | undefined): FileSide | undefined =>
  text === undefined ? undefined : { mode: '100644', sha: blob(text), text };

/** The files of a checkout, by the path that `open` gave. */
export function filesAt(repository: Repository, cwd: string): Files {
  const found = repository.checkouts.get(cwd.replace('/checkouts/', ''));
  if (!found) throw new Error(`there is no checkout ${cwd}`);
  return found.files;
}

/** Files of a tree or commit. */
function filesOf(repository: Repository, id: string): Files {
  const files = repository.trees.get(repository.commits.get(id) ?? id);
  if (!files) throw new Error(`there is no tree ${id}`);
  return files;
}

/** The difference of two sets of files, sorted by path. */
function differences(from: Files, to: Files): FileChange[] {
  return [...new Set([...from.keys(), ...to.keys()])]
    .toSorted()
    .filter((path) => from.get(path) !== to.get(path))
    .map((path) => {
      const before = sideOf(from.get(path));
      const after = sideOf(to.get(path));
      return { path, ...(before && { before }), ...(after && { after }) };
    });
}

/** Workspaces in memory, with the rules of the real ones: `find` knows the commit that a checkout was opened at, `open` makes it anew. */
export function memoryWorkspaces(repository: Repository, options: { life: Life; project: () => Files }): Workspaces {
  const { life, project } = options;
  const turn = async (signal?: AbortSignal): Promise<void> => {
    life.assertAlive();
    signal?.throwIfAborted();
    await Promise.resolve();
    life.assertAlive();
  };
  const put = (files: Files, parents: readonly string[], message: string): { commit: string; tree: string } => {
    const entries = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const tree = sha(JSON.stringify(entries));
    repository.trees.set(tree, new Map(entries));
    const commit = sha(JSON.stringify([tree, parents, message]));
    repository.commits.set(commit, tree);
    return { commit, tree };
  };
  const read = (id: string): Files => filesOf(repository, id);
  const checkPath = (path: string): void => {
    if (path.split('/').some((p) => p === '' || p === '.' || p === '..' || p.toLowerCase() === '.git'))
      throw new UserError('bad-path', `${JSON.stringify(path)} is no path inside the project.`);
  };

  return {
    async takeBase(signal) {
      await turn(signal);
      const files = new Map(project());
      return { ...put(files, [], 'base'), files: files.size, bytes: [...files.values()].join('').length, notes: [] };
    },
    async open(name, commit, signal) {
      await turn(signal);
      repository.checkouts.set(name, { commit, files: new Map(read(commit)) });
      return { path: `/checkouts/${name}` };
    },
    async find(name, commit, signal) {
      await turn(signal);
      return repository.checkouts.get(name)?.commit === commit ? { path: `/checkouts/${name}` } : undefined;
    },
    async commit(name, message, signal) {
      await turn(signal);
      const found = repository.checkouts.get(name);
      if (!found) throw new UserError('no-workspace', `The workspace "${name}" is gone.`);
      const odd = [...found.files.keys()].filter((path) => path.split('/').includes('.git'));
      if (odd.length > 0)
        throw new UserError('workspace-files', `It holds what cannot be recorded: ${odd.join(', ')}.`);
      return put(found.files, [found.commit], message);
    },
    async changes(from, to, signal) {
      await turn(signal);
      return differences(read(from), read(to));
    },
    async merge(base, ours, theirs, signal) {
      await turn(signal);
      const [b, o, t] = [read(base), read(ours), read(theirs)];
      const files: Files = new Map();
      const conflicts: Conflict[] = [];
      for (const path of [...new Set([...b.keys(), ...o.keys(), ...t.keys()])].toSorted()) {
        const [one, two, three] = [b.get(path), o.get(path), t.get(path)];
        const keep = (text: string | undefined): unknown => text !== undefined && files.set(path, text);
        if (two === three || three === one) keep(two);
        else if (two === one) keep(three);
        else if (two === undefined || three === undefined) {
          keep(two ?? three);
          conflicts.push({ path, why: 'modify/delete' });
        } else {
          const merged = mergeText(one ?? '', two, three);
          keep(merged.text);
          if (merged.conflict) conflicts.push({ path, why: one === undefined ? 'add/add' : 'content' });
        }
      }
      return { ...put(files, [ours, theirs], 'Merged'), conflicts };
    },
    async withFiles(tree, parent, edits, signal) {
      await turn(signal);
      const files = new Map(read(tree));
      for (const { path, content } of edits) {
        checkPath(path);
        if (content === null) files.delete(path);
        else files.set(path, content);
      }
      return put(files, [parent], 'Files written');
    },
    async restore(tree, from, parent, paths, signal) {
      await turn(signal);
      const files = new Map(read(tree));
      const source = read(from);
      for (const path of paths) {
        const text = source.get(path);
        if (text === undefined) files.delete(path);
        else files.set(path, text);
      }
      return put(files, [parent], 'Files written');
    },
    async read(tree, path, signal) {
      await turn(signal);
      return read(tree).get(path);
    },
    async list(tree, signal) {
      await turn(signal);
      return [...read(tree).keys()].toSorted();
    },
    async pack(tree, tokens, signal) {
      await turn(signal);
      const text = [...read(tree)].map(([path, content]) => `=== ${path}\n${content}`).join('');
      return { text: text.slice(0, tokens * 4), files: read(tree).size, leftOut: [] };
    },
    async diff(from, to, signal) {
      await turn(signal);
      return hunksOf('', differences(read(from), read(to)))
        .map((h) =>
          [h.path, ...(h.removed ?? []).map((l) => `-${l}`), ...(h.added ?? []).map((l) => `+${l}`)].join('\n'),
        )
        .join('\n');
    },
    async remove(name) {
      await turn();
      repository.checkouts.delete(name);
    },
    async keep(_run, commits, signal) {
      await turn(signal);
      for (const commit of commits) repository.kept.add(commit);
    },
  };
}
