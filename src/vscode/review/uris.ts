import * as vscode from 'vscode';
import { reviewScheme } from '../schemes.ts';

/** Documents of a review. They are read by the editor as files of a file system of ours, so that a window that is loaded again finds them. */

/**
 * `proposed`: the file as it becomes. `nothing`: an empty left side. `was` and `becomes`: in words, what of a file is no text (its mode,
 * a link, bytes).
 */
export type Side = 'proposed' | 'nothing' | 'was' | 'becomes';

export interface ReviewUri {
  readonly run: string;
  /** The project's folder, and the file in it. */
  readonly root: string;
  readonly path: string;
  readonly side: Side;
}

/** What is said in words stands under a name of its own, so that it is not taken for the file. */
const cardEnding = ' (properties)';

/** Its path is the file's own: editors take a comparison of two paths for a rename. */
export function reviewUri({ run, root, path, side }: ReviewUri): vscode.Uri {
  const card = side === 'was' || side === 'becomes';
  const file = vscode.Uri.file(root);
  const query = `${side}:${path}`;
  return vscode.Uri.from({
    scheme: reviewScheme,
    authority: run,
    path: `${file.path}/${path}${card ? cardEnding : ''}`,
    query,
  });
}

/** Undefined for a document that is none of ours. */
export function parseReviewUri(uri: vscode.Uri): Omit<ReviewUri, 'root'> | undefined {
  if (uri.scheme !== reviewScheme) return undefined;
  const [, side, path] = /^(proposed|nothing|was|becomes):(.+)$/s.exec(uri.query) ?? [];
  return path === undefined ? undefined : { run: uri.authority, side: side as Side, path };
}
