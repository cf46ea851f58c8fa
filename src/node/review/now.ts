import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange, FileSide } from '../../core/change/change.ts';
import type { Now } from '../../core/review/propose.ts';
import { type Found, inspect } from '../apply/inspect.ts';
import { locate } from '../apply/place.ts';
import { textOf } from '../apply/versions.ts';

/** A file of a change as the person has it on disk now. What cannot be read counts as changed. */
export async function nowOnDisk(root: string, change: FileChange): Promise<Now> {
  const place = await locate(root, change.path);
  if ('why' in place) return { is: change.after ? 'other' : 'after', there: false };
  const path = join(place.folder, place.name);
  const found: Found =
    place.missing.length > 0 ? { kind: 'absent' } : await inspect(path).catch((): Found => ({ kind: 'other' }));
  const is = isSide(found, change.before) ? 'before' : isSide(found, change.after) ? 'after' : 'other';
  if (found.kind === 'absent') return { is, there: false };
  if (found.kind === 'link') return { is, there: true, text: found.target };
  if (found.kind !== 'file') return { is, there: true };
  return { is, there: true, text: textOf(await readFile(path).catch(() => Buffer.from([0]))) };
}

/** The same content. Whether it can be executed is no reason to call a file changed: the applier settles that. */
function isSide(found: Found, side: FileSide | undefined): boolean {
  switch (found.kind) {
    case 'absent':
      return side === undefined;
    case 'link':
      return side?.mode === '120000' && side.text === found.target;
    case 'file':
      return (
        side !== undefined &&
        side.mode.startsWith('100') &&
        side.sha === (side.sha.length === 64 ? found.sha256 : found.sha1)
      );
    default:
      return false;
  }
}
