import * as vscode from 'vscode';
import { isAbort, reasonOf, UserError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';

/** Where the editor's notions meet the engine's. */

/** The output channel as a log. It never gets prompts or keys: those who write it see to that. */
export function logTo(channel: vscode.LogOutputChannel): Log {
  return {
    debug: (message) => channel.debug(message),
    info: (message) => channel.info(message),
    warn: (message) => channel.warn(message),
    error: (message) => channel.error(message),
  };
}

/**
 * A text for a notification. The editor makes `[words](command:…)` in one a link that runs the command, whoever wrote it: what comes from a
 * model, a server or a repository must not be one.
 */
export const unlinked = (text: string): string => text.replaceAll('](', '] (');

/** What went wrong, as the panel and a notification say it. */
export interface Problem {
  readonly message: string;
  readonly hint?: string;
  /** Not something that the person can act on: it is in the log with its stack. */
  readonly bug: boolean;
}

/** Says what was thrown in words for a person; undefined for what passes silently. */
export function problemOf(error: unknown): Problem | undefined {
  if (isAbort(error)) return undefined;
  if (error instanceof UserError)
    return { message: error.message, bug: false, ...(error.hint !== undefined && { hint: inEditor(error.hint) }) };
  return { message: reasonOf(error), bug: true };
}

/** Hints are written for the terminal; in the editor the same thing is a command. */
const sayings: readonly (readonly [RegExp, string])[] = [
  [/`?orchestra trust`?( in the folder| in it)?/g, '"Approve What This Folder Brings"'],
  [/`?orchestra resume --budget …`?/g, '"Resume Run" with a larger budget'],
  [/`?orchestra resume`?/g, '"Resume Run"'],
  [/`?orchestra runs`?/g, '"Show Run"'],
  [/`?orchestra doctor`?/g, '"Check Team"'],
  [/`?orchestra clean`?/g, '"Clean Workspaces"'],
  [/`?orchestra apply (?:\S+ )?--undo`?/g, '"Undo Apply"'],
  [/`?orchestra review(?: r\d{6}-[\w-]+)?`?/g, '"Review Changes"'],
  [/`?orchestra apply`?/g, '"Apply Change of a Run"'],
  [/`?orchestra show`?/g, '"Show Run"'],
  [/`?orchestra run( "<task>")?`?/g, '"Orchestrate Task"'],
];

/** A sentence of the engine with the commands of the editor in the place of those of the terminal. */
export function inEditor(text: string): string {
  return sayings.reduce((said, [from, to]) => said.replaceAll(from, to), text);
}

/** Runs what a person asked for and says once what went wrong. */
export async function told(log: vscode.LogOutputChannel, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const problem = problemOf(error);
    if (!problem) return;
    if (problem.bug) log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
    else log.warn(problem.message);
    const text = problem.hint === undefined ? problem.message : `${problem.message} ${problem.hint}`;
    const show = 'Show Output';
    // Not waited for: a notification stays for as long as the person likes.
    void vscode.window
      .showErrorMessage(unlinked(`Model Orchestra: ${text}`), ...(problem.bug ? [show] : []))
      .then((chosen) => (chosen === show ? log.show() : undefined));
  }
}
