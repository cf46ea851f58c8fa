import { basename, dirname, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { oneLine } from '../core/words/plain.ts';
import type { PanelCompletion } from '../protocol.ts';

/** What can stand after an `@` in a task: files, folders and symbols of the project. In the task they are plain text that models can follow. */

const most = 12;
const mostFiles = 20_000;
/** How long a listing of the files is good, in milliseconds. */
const freshMs = 15_000;

/** Finds what a query can mean, best first. */
export interface Mentions {
  find(root: string, query: string, token: vscode.CancellationToken): Promise<PanelCompletion[]>;
}

export function openMentions(now: () => number = Date.now): Mentions {
  let listed: { root: string; at: number; paths: Promise<string[]> } | undefined;
  const files = (root: string): Promise<string[]> => {
    if (listed?.root === root && now() - listed.at < freshMs) return listed.paths;
    const paths = Promise.resolve(
      vscode.workspace.findFiles(new vscode.RelativePattern(vscode.Uri.file(root), '**/*'), undefined, mostFiles),
    ).then((uris) => uris.map((uri) => relative(root, uri.fsPath).split(sep).join('/')));
    listed = { root, at: now(), paths };
    return paths;
  };
  return {
    async find(root, query, token) {
      const [paths, symbols] = await Promise.all([files(root), symbolsOf(root, query)]);
      if (token.isCancellationRequested) return [];
      const folders = [...new Set(paths.map((path) => dirname(path)).filter((path) => path !== '.'))];
      const found: { readonly rank: number; readonly item: PanelCompletion }[] = [];
      for (const path of paths) {
        const rank = rankOf(path, query);
        if (rank !== undefined)
          found.push({ rank, item: { kind: 'file', label: basename(path), detail: path, insert: path } });
      }
      for (const path of folders) {
        const rank = rankOf(path, query);
        if (rank !== undefined)
          found.push({
            rank: rank + 1,
            item: { kind: 'folder', label: `${basename(path)}/`, detail: path, insert: `${path}/` },
          });
      }
      found.sort(
        (a, b) =>
          a.rank - b.rank || a.item.insert.length - b.item.insert.length || (a.item.insert < b.item.insert ? -1 : 1),
      );
      // Symbols have room of their own: in a large project files would crowd them out.
      const room = symbols.length > 0 ? Math.max(most / 2, most - symbols.length) : most;
      return [...found.slice(0, room).map(({ item }) => item), ...symbols].slice(0, most);
    },
  };
}

/** Lower is better; undefined: the letters of the query do not stand in the path in this order. */
export function rankOf(path: string, query: string): number | undefined {
  const [name, whole, wanted] = [basename(path).toLowerCase(), path.toLowerCase(), query.toLowerCase()];
  if (wanted === '') return 5;
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.includes(wanted)) return 2;
  if (whole.includes(wanted)) return 3;
  let at = 0;
  for (const letter of wanted) {
    at = whole.indexOf(letter, at) + 1;
    if (at === 0) return undefined;
  }
  return 8;
}

async function symbolsOf(root: string, query: string): Promise<PanelCompletion[]> {
  if (query.length < 2 || /[/.]/.test(query)) return [];
  // Answers whichever language servers there are; none is no mistake.
  const found = await Promise.resolve(
    vscode.commands.executeCommand<vscode.SymbolInformation[] | undefined>(
      'vscode.executeWorkspaceSymbolProvider',
      query,
    ),
  ).catch(() => undefined);
  return (found ?? [])
    .map(({ name, location }) => ({
      name: oneLine(name),
      path: relative(root, location.uri.fsPath).split(sep).join('/'),
      line: location.range.start.line + 1,
      scheme: location.uri.scheme,
    }))
    .filter(({ path, scheme }) => scheme === 'file' && path !== '' && !path.startsWith('..'))
    .slice(0, most / 2)
    .map(({ name, path, line }) => ({
      kind: 'symbol' as const,
      label: name,
      detail: `${path}:${line}`,
      insert: `${path}:${line} (${name})`,
    }));
}

/** A place in a file as a task names it: `@src/server.ts:12-30`. */
export function mentionOf(root: string, uri: vscode.Uri, selection?: vscode.Selection): string | undefined {
  const path = relative(root, uri.fsPath).split(sep).join('/');
  if (uri.scheme !== 'file' || path.startsWith('..') || path === '') return undefined;
  if (!selection || selection.isEmpty) return `@${path}`;
  const [from, to] = [selection.start.line + 1, selection.end.line + (selection.end.character === 0 ? 0 : 1)];
  return to <= from ? `@${path}:${from}` : `@${path}:${from}-${to}`;
}
