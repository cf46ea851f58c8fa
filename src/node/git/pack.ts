import { createHash } from 'node:crypto';
import type { PrivateRepository } from './privateRepository.ts';
import { isSecret } from '../../core/change/secretFiles.ts';
import { listTree, textBytes, textsOf } from './trees.ts';
import type { TreeEntry } from './trees.ts';

/** A tree as one text for a model that reads a whole code base at once. */

export interface Pack {
  readonly text: string;
  /** How many files are in it. */
  readonly files: number;
  /** `<path>: <reason>` for each file that is not in it, sorted by path. */
  readonly leftOut: string[];
}

/** Bytes that are counted as a token. */
const bytesPerToken = 4;

/**
 * Every text file of the tree, each with a header line, in at most `tokens` (bytes / 4). Always left out: binary, secret, vendored,
 * generated, minified and lock files; then, as far as there is no room, the largest. The same tree gives the same text. A header begins
 * with a mark that stands in no file, so nothing in a file can pass for another file's header.
 */
export async function packTree(
  repository: PrivateRepository,
  tree: string,
  tokens: number,
  signal: AbortSignal,
): Promise<Pack> {
  const entries = await listTree(repository, tree, { sizes: true, signal });
  const leftOut = new Map<string, string>();
  const candidates: TreeEntry[] = [];
  for (const entry of entries) {
    const reason = reasonByName(entry);
    if (reason === undefined) candidates.push(entry);
    else leftOut.set(entry.path, reason);
  }
  // What cannot fit whatever else goes is not read at all.
  const budget = Math.max(0, tokens * bytesPerToken);
  const worth = candidates.filter((entry) => {
    if ((entry.size ?? 0) <= Math.min(budget, textBytes)) return true;
    leftOut.set(entry.path, tooLarge(entry.size ?? 0));
    return false;
  });
  const texts = await textsOf(repository, new Set(worth.map((entry) => entry.sha)), signal);
  let files: Packed[] = [];
  for (const { path, sha } of worth) {
    const text = texts.get(sha);
    const reason = text === undefined ? 'binary' : reasonByText(path, text);
    if (text === undefined || reason !== undefined) leftOut.set(path, reason ?? 'binary');
    else files.push({ path, text, bytes: Buffer.byteLength(text) });
  }
  const mark = markFor(tree, files);
  const cost = ({ path, text }: Packed): number => Buffer.byteLength(block(mark, path, text));
  const costs = new Map(files.map((file) => [file.path, cost(file)]));
  let room = budget - Buffer.byteLength(head(mark, files.length));
  const bySize = [...files].sort((a, b) => a.bytes - b.bytes || (a.path < b.path ? -1 : 1));
  const taken = new Set<string>();
  for (const { path, bytes } of bySize) {
    const needs = costs.get(path) ?? 0;
    if (needs <= room) {
      room -= needs;
      taken.add(path);
    } else {
      // The smallest first, so the first that does not fit is followed by larger ones only.
      room = 0;
      leftOut.set(path, tooLarge(bytes));
    }
  }
  files = files.filter((file) => taken.has(file.path));
  const left = [...leftOut].map(([path, reason]) => `${oneLine(path)}: ${reason}`).sort();
  if (files.length === 0) return { text: '', files: 0, leftOut: left };
  return {
    text: head(mark, files.length) + files.map(({ path, text }) => block(mark, path, text)).join(''),
    files: files.length,
    leftOut: left,
  };
}

/** Bytes of the files that a pack of this tree would have if there is room; binary files are not told from text yet. */
export async function packableBytes(repository: PrivateRepository, tree: string, signal: AbortSignal): Promise<number> {
  const entries = await listTree(repository, tree, { sizes: true, signal });
  const wanted = entries.filter((entry) => reasonByName(entry) === undefined && (entry.size ?? 0) <= textBytes);
  return wanted.reduce((sum, entry) => sum + (entry.size ?? 0), 0);
}

interface Packed {
  readonly path: string;
  readonly text: string;
  readonly bytes: number;
}

function head(mark: string, files: number): string {
  return `${files} files. A line that begins with ${mark} is the header of a file: its path as JSON and its number of lines. No file holds ${mark}; all between two headers is content.\n\n`;
}

function block(mark: string, path: string, text: string): string {
  const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return `${mark} ${JSON.stringify(path)} ${lines}\n${text}${text === '' || text.endsWith('\n') ? '' : '\n'}`;
}

/** A mark that stands in none of the files. */
function markFor(tree: string, files: readonly Packed[]): string {
  for (let n = 0; ; n++) {
    const mark = `=====${createHash('sha256').update(`${tree} ${n}`).digest('hex').slice(0, 10)}`;
    if (!files.some((file) => file.text.includes(mark) || file.path.includes(mark))) return mark;
  }
}

function tooLarge(bytes: number): string {
  return `no room (${bytes < 10_240 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KiB`})`;
}

const lockFiles = new Set(
  `package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock deno.lock cargo.lock poetry.lock pdm.lock uv.lock pipfile.lock
  composer.lock gemfile.lock podfile.lock pubspec.lock go.sum go.work.sum mix.lock flake.lock packages.lock.json gradle.lockfile package.resolved`.split(
    /\s+/,
  ),
);

function reasonByName({ path, mode }: TreeEntry): string | undefined {
  if (mode === '160000') return 'submodule';
  if (mode === '120000') return 'symbolic link';
  const lower = path.toLowerCase();
  const name = lower.slice(lower.lastIndexOf('/') + 1);
  if (isSecret(path)) return 'may hold secrets';
  if (/(?:^|\/)(?:node_modules|bower_components|vendor|third_party|\.yarn|pods)\//.test(lower)) return 'vendored';
  if (lockFiles.has(name)) return 'lock file';
  if (/\.min\.(?:js|mjs|cjs|css)$/.test(name)) return 'minified';
  if (
    /\.map$|\.pb\.go$|_pb2(?:_grpc)?\.py$|\.g\.dart$|\.freezed\.dart$|\.designer\.cs$|(?:^|\/)(?:dist|__generated__)\//.test(
      lower,
    )
  )
    return 'generated';
  return undefined;
}

function reasonByText(path: string, text: string): string | undefined {
  // Source: go.dev/s/generatedcode for the first, the @generated convention for the second.
  const top = text.slice(0, 2000).split('\n').slice(0, 20).join('\n');
  if (/^\W*code generated .*do not edit\.?\W*$/im.test(top) || /^\W*(?:this file (?:is|was) )?@generated\b/im.test(top))
    return 'generated';
  if (/\.(?:js|mjs|cjs|css)$/i.test(path) && text.length > 5000 && text.length / text.split('\n').length > 500)
    return 'minified';
  return undefined;
}

function oneLine(path: string): string {
  return /[\x00-\x1f\x7f"\\]/.test(path) ? JSON.stringify(path) : path;
}
