import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileChange, FileSide } from '../../../src/core/change/change.ts';

/** What stands at a path of a test's folder: text (`folder/`: an empty folder) or bytes, what can be executed, a link, or nothing. */
export type Thing = string | Buffer | { readonly exec: string } | { readonly link: string } | undefined;
export type Tree = Record<string, Thing>;

/** A git side of it, with text where a change would carry it. */
function side(thing: Thing): FileSide | undefined {
  if (thing === undefined || thing === 'folder/') return undefined;
  const bytes = bytesOf(thing);
  const sha = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const mode =
    typeof thing === 'object' && 'exec' in thing
      ? '100755'
      : typeof thing === 'object' && 'link' in thing
        ? '120000'
        : '100644';
  return Buffer.isBuffer(thing) ? { mode, sha } : { mode, sha, text: bytes.toString() };
}

/** The bytes that git has of it. */
function bytesOf(thing: Exclude<Thing, undefined>): Buffer {
  if (Buffer.isBuffer(thing)) return thing;
  if (typeof thing === 'string') return Buffer.from(thing);
  return Buffer.from('exec' in thing ? thing.exec : (thing as { link: string }).link);
}

/** A change from one thing to another. */
export function change(path: string, before: Thing, after: Thing): FileChange {
  const [from, to] = [side(before), side(after)];
  return { path, ...(from && { before: from }), ...(to && { after: to }) };
}

/** The bytes of binary things of these trees, by git's ids. */
export function blobs(...things: Thing[]): (sha: string) => Promise<Buffer> {
  const known = new Map(
    things.filter((thing) => thing !== undefined).map((thing) => [side(thing)?.sha, bytesOf(thing)]),
  );
  return async (sha) => {
    const bytes = known.get(sha);
    if (!bytes) throw new Error(`no blob ${sha}`);
    return bytes;
  };
}

/** Makes, changes and removes what the tree says; other paths stay. */
export async function put(root: string, tree: Tree): Promise<void> {
  for (const [path, thing] of Object.entries(tree)) {
    const full = join(root, path);
    await rm(full, { recursive: true, force: true });
    if (thing === undefined) continue;
    await mkdir(thing === 'folder/' ? full : dirname(full), { recursive: true });
    if (thing === 'folder/') continue;
    if (typeof thing === 'object' && 'link' in thing) await symlink(thing.link, full);
    else await writeFile(full, bytesOf(thing));
    if (typeof thing === 'object' && 'exec' in thing) await chmod(full, 0o755);
  }
}

/** All that is in a folder but `.orchestration`: bytes, modes, links, empty folders. */
export async function look(root: string, path = ''): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const name of (await readdir(join(root, path))).toSorted()) {
    if (path === '' && name === '.orchestration') continue;
    const inner = path === '' ? name : `${path}/${name}`;
    const found = await lstat(join(root, inner));
    const mode = (found.mode & 0o7777).toString(8);
    if (found.isSymbolicLink()) seen[inner] = `link ${await readlink(join(root, inner))}`;
    else if (found.isDirectory()) Object.assign(seen, { [`${inner}/`]: mode }, await look(root, inner));
    else if (!found.isFile()) seen[inner] = 'special';
    else seen[inner] = `${mode} ${(await readFile(join(root, inner))).toString('latin1')}`;
  }
  return seen;
}
