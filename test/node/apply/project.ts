import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import { openApplier } from '../../../src/node/apply/apply.ts';
import type { OpenApplier } from '../../../src/node/apply/apply.ts';
import type { Hook } from './killing.ts';
import { blobs } from './tree.ts';
import type { Thing } from './tree.ts';

export interface Project {
  /** A folder of the test's own, with the project's folder in it: what is beside the project is looked at too. */
  readonly folder: string;
  readonly root: string;
  /** An applier for changes of these things. */
  readonly applier: (things?: Thing[], hook?: Hook, run?: string) => OpenApplier;
  /** Nothing of an apply is under way. */
  readonly settled: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** An empty project in a folder of its own. */
export async function makeProject(): Promise<Project> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-apply-')));
  const root = join(folder, 'project');
  await mkdir(root);
  return {
    folder,
    root,
    applier: (things = [], hook, run = 'r1') =>
      openApplier({
        root,
        runFolder: join(root, '.orchestration/runs', run),
        readBlob: blobs(...things),
        ...(hook && { hook }),
      }),
    settled: async () => assert.deepEqual((await readdir(join(root, '.orchestration'))).toSorted(), ['runs']),
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

/** It ends with an error for the person, of this code and with these words. */
export async function rejects(doing: Promise<unknown>, code: string, ...says: RegExp[]): Promise<void> {
  await assert.rejects(doing, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code, error.message);
    for (const pattern of says) assert.match(error.message, pattern);
    return true;
  });
}

/** Twenty lines, some of them changed. */
export function lines(...changed: [number, string][]): string {
  const all = Array.from({ length: 20 }, (_, n) => `line ${n}\n`);
  for (const [n, text] of changed) all[n] = text;
  return all.join('');
}
