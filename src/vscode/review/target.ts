import * as vscode from 'vscode';

/** What a button hands to its command: of what it is about as much as it knows. */
export interface Target {
  readonly run?: string;
  readonly path?: string;
  readonly hunks?: readonly string[];
}

/** Whatever a command was called with, as a target; a menu of the editor hands over a document, which says nothing. */
export function targetOf(arg: unknown): Target {
  if (typeof arg !== 'object' || arg === null || arg instanceof vscode.Uri) return {};
  const { run, path, hunks } = arg as Target;
  return {
    ...(typeof run === 'string' && { run }),
    ...(typeof path === 'string' && { path }),
    ...(Array.isArray(hunks) && { hunks: hunks.filter((id) => typeof id === 'string') }),
  };
}
