import * as vscode from 'vscode';

/** Documents of a review. They are read by the editor as files of a file system of ours, so that a window that is loaded again finds them. */

export const reviewScheme = 'orchestra-review';

/**
 * `proposed`: the file as it becomes. `nothing`: an empty left side. `was` and `becomes`: in words, what of a file is no text (its mode,
 * a link, bytes).
 */
export type Side = 'proposed' | 'nothing' | 'was' | 'becomes';

export interface ReviewUri {
  readonly run: string;
  readonly path: string;
  readonly side: Side;
}

/** What is said in words stands under a name of its own, so that it is not taken for the file. */
const cardEnding = ' (properties)';

export function reviewUri({ run, path, side }: ReviewUri): vscode.Uri {
  const card = side === 'was' || side === 'becomes';
  return vscode.Uri.from({
    scheme: reviewScheme,
    authority: run,
    path: `/${path}${card ? cardEnding : ''}`,
    query: side,
  });
}

/** Undefined for a document that is none of ours. */
export function parseReviewUri(uri: vscode.Uri): ReviewUri | undefined {
  if (uri.scheme !== reviewScheme) return undefined;
  const side = uri.query as Side;
  const path = uri.path.slice(1);
  const card = side === 'was' || side === 'becomes';
  return { run: uri.authority, side, path: card ? path.slice(0, -cardEnding.length) : path };
}
