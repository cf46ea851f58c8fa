import * as vscode from 'vscode';
import { cardText } from './card.ts';
import type { ShownReview } from './shown.ts';
import { parseReviewUri, reviewUri, type Side } from './uris.ts';

/** The documents of reviews as a file system that nobody can write to: what is asked for before its review is open opens it. */
export function serveReviews(reviewOf: (run: string) => Promise<ShownReview | undefined>): {
  readonly provider: vscode.FileSystemProvider;
  readonly disposable: vscode.Disposable;
  /** These files of a review read otherwise now. */
  changed(shown: ShownReview, paths: readonly string[]): void;
} {
  const changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  /** The editor reads again only what is younger than what it has. */
  let clock = Date.now();
  const times = new Map<string, number>();
  const content = async (uri: vscode.Uri): Promise<Uint8Array> => {
    const wanted = parseReviewUri(uri);
    if (!wanted) throw vscode.FileSystemError.FileNotFound(uri);
    if (wanted.side === 'nothing') return new Uint8Array();
    const file = (await reviewOf(wanted.run))?.file(wanted.path);
    if (!file) throw vscode.FileSystemError.FileNotFound(uri);
    const text = wanted.side === 'proposed' ? (file.proposed.text ?? '') : cardText(file, wanted.side);
    return new TextEncoder().encode(text);
  };
  const refuse = (): never => {
    throw vscode.FileSystemError.NoPermissions('A review is decided by Keep and Undo; nothing is typed into it.');
  };
  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changes.event,
    watch: () => new vscode.Disposable(() => {}),
    async stat(uri) {
      const { length } = await content(uri);
      const mtime = times.get(uri.toString()) ?? 1;
      return { type: vscode.FileType.File, ctime: 0, mtime, size: length, permissions: vscode.FilePermission.Readonly };
    },
    readFile: content,
    readDirectory: () => [],
    createDirectory: refuse,
    writeFile: refuse,
    delete: refuse,
    rename: refuse,
  };
  return {
    provider,
    disposable: changes,
    changed({ run, root }, paths) {
      clock = Math.max(clock + 1, Date.now());
      const sides: readonly Side[] = ['proposed', 'was', 'becomes'];
      const uris = paths.flatMap((path) => sides.map((side) => reviewUri({ run, root, path, side })));
      for (const uri of uris) times.set(uri.toString(), clock);
      changes.fire(uris.map((uri) => ({ type: vscode.FileChangeType.Changed, uri })));
    },
  };
}
