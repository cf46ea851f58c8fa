import { randomBytes } from 'node:crypto';
import { copyFile, rm, stat, utimes } from 'node:fs/promises';
import { git, splitNul } from './git.ts';
import { utf8 } from './person.ts';
import { isOurs, scratchPath } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';

export interface Untracked {
  /** Files and symbolic links that the index does not list and the rules do not ignore. */
  readonly files: ReadonlySet<string>;
  /** Repositories of their own inside; their files are among `files` only if they were to be taken. */
  readonly nested: readonly string[];
  /** Folders that could not be looked into. */
  readonly closed: readonly string[];
  /** Names that are no UTF-8, escaped. */
  readonly odd: readonly string[];
}

export interface UntrackedOptions {
  readonly root: string;
  /** Lists what is tracked; only read. Need not be there. */
  readonly index: string;
  /** Take the files of repositories inside as any other file. */
  readonly takeNested: boolean;
  /** Ignore rules by the `.gitignore` files of this listing in place of those on disk. */
  readonly rules?: readonly { readonly path: string; readonly sha: string }[];
  /** Entries of the index to be taken as not there: files in whose place a folder stands, into which git would not look. */
  readonly without?: readonly string[];
  readonly signal: AbortSignal;
}

/** What lies in a folder beside what the index lists. */
export async function untracked(repository: PrivateRepository, options: UntrackedOptions): Promise<Untracked> {
  const index = scratchPath(repository);
  try {
    await copyIndex(options.index, index);
    return await look(repository, options, index);
  } finally {
    for (const path of [index, `${index}.lock`]) await rm(path, { force: true });
  }
}

async function look(
  repository: PrivateRepository,
  { root, takeNested, rules, without = [], signal }: UntrackedOptions,
  index: string,
): Promise<Untracked> {
  const { gitDir, borrow, format, excludes } = repository;
  const call = { signal, gitDir, workTree: root, index, borrow };
  const args = [
    'ls-files',
    '-z',
    '--others',
    '--exclude=/.orchestration/',
    '--exclude=/.serena/memories/orch/',
    `--exclude-from=${excludes}`,
  ];
  const nonce = `.orchestra-${randomBytes(9).toString('hex')}`;
  if (without.length > 0) {
    const input = without.map((path) => `${path}\0`).join('');
    await git(['update-index', '-z', '--force-remove', '--stdin'], { ...call, input });
  }
  if (rules && rules.length > 0) {
    // For a file that the checkout leaves out (skip-worktree) git reads rules from the index: so they come from there, under
    // a name that no file has. Source: gitignore in dir.c, `read_skip_worktree_file_from_index`, for sparse checkouts.
    const names = rules.map(({ path, sha }) => ({ sha, name: path.replace(/[^/]*$/, nonce) }));
    await git(['update-index', '-z', '--replace', '--index-info'], {
      ...call,
      input: names.map(({ sha, name }) => `100644 ${sha} 0\t${name}\0`).join(''),
    });
    await git(['update-index', '-z', '--skip-worktree', '--stdin'], {
      ...call,
      input: names.map(({ name }) => `${name}\0`).join(''),
    });
  }
  args.push(`--exclude-per-directory=${rules ? nonce : '.gitignore'}`);

  const nested = new Set<string>();
  for (;;) {
    const listed = await git(args, call);
    const found = splitNul(listed.stdout);
    const inside = found.filter((bytes) => bytes.at(-1) === 0x2f).map((bytes) => bytes.toString('latin1'));
    const fresh = inside.filter((path) => !nested.has(path));
    for (const path of fresh) nested.add(path);
    if (!takeNested || fresh.length === 0) {
      const files = new Set<string>();
      const odd: string[] = [];
      for (const bytes of found) {
        const path = utf8(bytes);
        if (path === undefined) odd.push(escaped(bytes));
        else if (!path.endsWith('/') && !isOurs(path)) files.add(path);
      }
      return {
        files,
        nested: [...nested].map((path) => escaped(Buffer.from(path, 'latin1')).slice(0, -1)).sort(),
        closed: closedFolders(listed.stderr),
        odd,
      };
    }
    // git goes into a folder of which the index lists a file, whatever repository lies in it: so one is listed. Repositories in these show next time.
    const empty = format === 'sha256' ? emptyBlob.sha256 : emptyBlob.sha1;
    const lines = fresh.map((path) =>
      Buffer.concat([
        Buffer.from(`100644 ${empty} 0\t`),
        Buffer.from(path, 'latin1'),
        Buffer.from(`${nonce}.nested\0`),
      ]),
    );
    await git(['update-index', '-z', '--replace', '--index-info'], { ...call, input: Buffer.concat(lines) });
  }
}

const emptyBlob = {
  sha1: 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391',
  sha256: '473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813',
};

function closedFolders(stderr: string): string[] {
  return [...stderr.matchAll(/^warning: could not open directory '(.*)\/?': /gm)].map((match) =>
    (match[1] as string).replace(/\/$/, ''),
  );
}

/** Bytes as text for people: what is no UTF-8 as `\xNN`. */
function escaped(bytes: Buffer): string {
  return (
    utf8(bytes) ??
    [...bytes].map((byte) => (byte > 0x7e ? `\\x${byte.toString(16)}` : String.fromCharCode(byte))).join('')
  );
}

/**
 * Copies an index that may not be there. The copy keeps its date: by it git tells whether an entry may have changed within the
 * same tick of the clock, and a younger date would hide such a change.
 */
export async function copyIndex(from: string, to: string): Promise<boolean> {
  try {
    const { mtimeMs, atimeMs } = await stat(from);
    await copyFile(from, to);
    await utimes(to, atimeMs / 1000, Math.floor(mtimeMs) / 1000);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
