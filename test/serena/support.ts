import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../src/core/ports.ts';
import { attachSerena } from '../../src/node/memory/serena/attach.ts';
import type { Attached, AttachOptions } from '../../src/node/memory/serena/attach.ts';
import { openStore } from '../../src/node/memory/store.ts';
import type { Store } from '../../src/node/memory/store.ts';
import { serenaPath } from './install.ts';

/** A log that keeps what it is told. */
export function keptLog(): Log & { lines: string[]; warnings: string[] } {
  const lines: string[] = [];
  const warnings: string[] = [];
  const keep = (line: string): void => void lines.push(line);
  return { lines, warnings, debug: keep, info: keep, warn: (line) => void warnings.push(line), error: keep };
}

/** A project and our cache folder, outside of each other. */
export interface Place {
  readonly base: string;
  readonly root: string;
  readonly memories: string;
  readonly folder: string;
  remove(): Promise<void>;
}

export async function place(): Promise<Place> {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-serena-')));
  const root = join(base, 'project');
  return {
    base,
    root,
    memories: join(root, '.serena', 'memories'),
    folder: join(base, 'cache'),
    remove: () => rm(base, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export interface OnPlace {
  readonly files: Store;
  readonly serena: Attached;
  readonly log: ReturnType<typeof keptLog>;
}

/** The embedded store of a place, and a real Serena on it. */
export async function attachOn(at: Place, more: Partial<AttachOptions> = {}): Promise<OnPlace> {
  await mkdir(at.root, { recursive: true });
  const files = await openStore(at.root);
  const log = keptLog();
  const serena = attachSerena({
    program: { command: serenaPath, args: [], version: 'as installed' },
    files,
    memories: at.memories,
    folder: at.folder,
    env: process.env,
    signal: new AbortController().signal,
    log,
    ...more,
  });
  return { files, serena, log };
}

/** Processes, other than ours, whose command line holds this text. */
export function processesWith(text: string): number[] {
  return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
    .split('\n')
    .filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid);
}

/** What this process started, and what that started. */
export function descendantsOf(pid: number): string[] {
  const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [, own, parent, args] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
      return args === undefined ? [] : [{ own: Number(own), parent: Number(parent), args }];
    });
  const of = (above: number): string[] =>
    rows.filter(({ parent }) => parent === above).flatMap(({ own, args }) => [args, ...of(own)]);
  return of(pid);
}

/** An executable script of the shell. */
export async function script(path: string, body: string): Promise<string> {
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

/** Looks again and again until it is so; fails after so many milliseconds. */
export async function until(isSo: () => boolean, boundMs: number): Promise<void> {
  const began = performance.now();
  while (!isSo()) {
    if (performance.now() - began > boundMs) throw new Error(`not so within ${boundMs} ms: ${isSo.toString()}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
