import * as vscode from 'vscode';
import type { Reviews } from './reviews.ts';
import { fileUri, type ShownReview } from './shown.ts';
import { reviewScheme } from '../schemes.ts';

/** Keeps what is shown in step with what the person does to their files, and with where they are. */
export function followPerson(reviews: Reviews): vscode.Disposable {
  /** A document of the person's that is a file of a review. */
  const touched = (uri: vscode.Uri, act: (shown: ShownReview, path: string) => void): void => {
    if (uri.scheme === reviewScheme) return;
    const text = uri.toString();
    for (const shown of reviews.all()) {
      for (const { file, left } of shown.files()) {
        if ([file.path, left].some((path) => fileUri(shown.root, path).toString() === text)) act(shown, file.path);
      }
    }
  };
  const look = (shown: ShownReview, path: string): void => reviews.look(shown, [path]);
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeTextDocument(({ document }) =>
      // The editor reads a file anew that was changed on disk: its document is not dirty then.
      touched(document.uri, document.isDirty ? (shown, path) => shown.edited([path]) : look),
    ),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => touched(uri, look)),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      const current = reviews.current();
      if (focused && current) reviews.look(current);
    }),
    // A tab that was restored asks for its documents: its review is the one that is open then.
    vscode.window.onDidChangeActiveTextEditor(() => {
      const run = reviews.here()?.run;
      const shown = reviews.all().find((one) => one.run === run);
      if (shown) reviews.makeCurrent(shown);
    }),
  );
}
