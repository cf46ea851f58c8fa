import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { liesWithin } from '../../node/files.ts';
import type { EditStep } from './script.ts';

/** Does the edit below `cwd`. Throws when it cannot be done exactly as written, and when it would leave `cwd` without `anywhere`. */
export async function doEdit(edit: EditStep, cwd: string): Promise<void> {
  const path = resolve(cwd, edit.edit);
  if (!edit.anywhere) await mustLieInside(path, cwd, edit.edit);
  if (edit.delete) return rm(path);
  await mkdir(dirname(path), { recursive: true });
  if (edit.write !== undefined) return writeFile(path, edit.write);
  if (edit.append !== undefined) return appendFile(path, edit.append);
  const before = await readFile(path, 'utf8');
  const parts = before.split(edit.replace as string);
  if (parts.length !== 2)
    throw new Error(`${edit.edit}: the text to replace stands there ${parts.length - 1} times, not once`);
  return writeFile(path, parts.join(edit.with));
}

/** The text of a file below `cwd`; empty when it is not there. */
export async function readBelow(path: string, cwd: string): Promise<string> {
  await mustLieInside(resolve(cwd, path), cwd, path);
  try {
    return await readFile(join(cwd, path), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** By real paths: a link inside the folder may lead out of it. */
async function mustLieInside(path: string, cwd: string, shown: string): Promise<void> {
  if (!(await liesWithin(cwd, path)))
    throw new Error(`${shown} lies outside the working folder; say \`anywhere: true\` if that is meant`);
}
