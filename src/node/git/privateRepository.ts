import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { diskError, makeFolder, writeAtomic } from '../files.ts';
import { cacheFolder, projectKey } from '../paths.ts';
import { personsExcludes } from './person.ts';
import type { ObjectFormat, ProjectFolder } from './person.ts';

/**
 * One bare repository per project and object format, in the cache folder. Two processes may use it at once: every object is written
 * whole by git, every file of ours by rename, and no name is used twice, so that there is nothing to lock.
 *
 * What is written into it is written without borrowing, so git finds no copy in the person's objects whose date it would renew; what is
 * read borrows from them. That is why the alternates stand in the environment of a call, not in the repository.
 */
export interface PrivateRepository {
  /** Holds all of this project's: `<format>/repository.git`, `work`, `state`, `scratch`. */
  readonly folder: string;
  readonly gitDir: string;
  /** The index that snapshots start from. */
  readonly index: string;
  readonly format: ObjectFormat;
  /** Object folders of the person's that reading borrows from. */
  readonly borrow: readonly string[];
  /** A file of ignore rules that lie outside the project's files; for `core.excludesFile`. */
  readonly excludes: string;
  /** The `core` settings that depend on the disk, for repositories beside it. */
  readonly disk: Readonly<Record<string, boolean>>;
}

/** Switches off, for every path, whatever git does to content: `info/attributes` wins over every `.gitattributes`. */
export const neutralAttributes =
  '* -text -ident !eol !crlf !filter !diff !merge !working-tree-encoding !conflict-marker-size !whitespace !delta\n';

/** Opens the project's private repository, made if it is not there and mended where somebody wrote into its settings. */
export async function openPrivateRepository(project: ProjectFolder, signal: AbortSignal): Promise<PrivateRepository> {
  const format = project.git?.format ?? 'sha1';
  const home = cacheFolder();
  try {
    // Private: it holds the person's files.
    await mkdir(home, { recursive: true, mode: 0o700 });
    const folder = join(await realpath(home), 'projects', projectKey(project.root));
    const gitDir = join(folder, format, 'repository.git');
    for (const path of [
      join(gitDir, 'objects', 'info'),
      join(gitDir, 'objects', 'pack'),
      join(gitDir, 'refs'),
      join(gitDir, 'info'),
    ])
      await makeFolder(path);
    for (const name of ['work', 'state', 'scratch', 'excludes']) await makeFolder(join(folder, name));
    await mend(join(folder, 'project'), `${project.root}\n`);
    const repository: PrivateRepository = {
      folder,
      gitDir,
      index: join(folder, format, 'index'),
      format,
      borrow: project.git ? [join(project.git.commonDir, 'objects')] : [],
      excludes: await writeExcludes(folder, project, signal),
      disk: await probe(join(folder, 'scratch')),
    };
    await mendRepository(repository);
    return repository;
  } catch (error) {
    throw diskError(error, home);
  }
}

/** Puts back the settings that make our git do what it does, should an agent have written into them. */
export async function mendRepository(repository: PrivateRepository): Promise<void> {
  const { gitDir, format, disk } = repository;
  await mend(join(gitDir, 'config'), configText(format, { bare: true, ...disk }));
  await mend(join(gitDir, 'HEAD'), 'ref: refs/heads/none\n');
  await mend(join(gitDir, 'info', 'attributes'), neutralAttributes);
  await mend(join(gitDir, 'info', 'exclude'), '');
  for (const name of ['objects/info/alternates', 'info/grafts', 'shallow'])
    await rm(join(gitDir, name), { force: true });
}

async function mend(path: string, text: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) !== text) await writeAtomic(path, text);
}

/** A repository's `config`. Source: git-config(1) and gitrepository-layout(5). */
export function configText(format: ObjectFormat, core: Readonly<Record<string, boolean>>, more = ''): string {
  const lines = Object.entries(core).map(([name, value]) => `\t${name} = ${value}\n`);
  const extension = format === 'sha256' ? '[extensions]\n\tobjectformat = sha256\n' : '';
  return `[core]\n\trepositoryformatversion = ${format === 'sha256' ? 1 : 0}\n${lines.join('')}${extension}[gc]\n\tauto = 0\n${more}`;
}

/** What `git init` finds out of the disk. */
async function probe(scratch: string): Promise<Record<string, boolean>> {
  const name = join(scratch, `probe-${randomBytes(6).toString('hex')}`);
  await mkdir(name);
  try {
    const links = await symlink('target', join(name, 'link')).then(
      () => true,
      () => false,
    );
    const ignoresCase = await access(join(dirname(name), basename(name).toUpperCase())).then(
      () => true,
      () => false,
    );
    return {
      filemode: process.platform !== 'win32',
      symlinks: links,
      ignorecase: ignoresCase,
      ...(process.platform === 'darwin' ? { precomposeunicode: true } : {}),
    };
  } finally {
    await rm(name, { recursive: true, force: true });
  }
}

/** Without git nobody has said what is not source; these are what a first `.gitignore` would hold. */
const usualExcludes = `node_modules/
.venv/
venv/
__pycache__/
.mypy_cache/
.pytest_cache/
.tox/
.gradle/
.hg/
.svn/
.jj/
.DS_Store
Thumbs.db
.env
.env.*
!.env.example
!.env.sample
!.env.template
`;

async function writeExcludes(folder: string, project: ProjectFolder, signal: AbortSignal): Promise<string> {
  const ours = relative(project.root, cacheFolder());
  const inside = ours !== '' && !isAbsolute(ours) && ours !== '..' && !ours.startsWith(`..${sep}`);
  const text = [
    project.git ? '' : usualExcludes,
    await personsExcludes(project, signal),
    // A home folder as the project holds our cache as well.
    inside
      ? `/${ours
          .split(sep)
          .join('/')
          .replace(/[\\*?[\]#! ]/g, '\\$&')}/\n`
      : '',
  ].join('');
  // Named by its content, since two runs may differ in it.
  const path = join(folder, 'excludes', createHash('sha256').update(text).digest('hex').slice(0, 32));
  await mend(path, text);
  return path;
}

/** A fresh path in the project's scratch folder; nothing is there yet. */
export function scratchPath(repository: PrivateRepository): string {
  return join(repository.folder, 'scratch', randomBytes(9).toString('hex'));
}

/** True for what is never in a snapshot or a change: our own folders. */
export function isOurs(path: string): boolean {
  return /^(?:\.orchestration|\.serena\/memories\/orch)(?:\/|$)/i.test(path);
}
