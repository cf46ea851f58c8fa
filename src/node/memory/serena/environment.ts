import { oneLine } from '../../../core/bus/text.ts';
import { inheritedFrom } from '../../models/environment.ts';
import type { Settled } from '../../models/environment.ts';

/** Serena as a server over stdio, in the environment that every server gets, and told to report nothing about its use. */
export function settledSerena(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  own: Readonly<Record<string, string>>,
): Settled {
  return { command, args, env: { ...inheritedFrom(env), ...quiet, ...own }, url: undefined, headers: {}, secrets: [] };
}

/** What a Serena that is only asked something gets to know. */
export function serenaEnvironment(env: NodeJS.ProcessEnv): Record<string, string> {
  return { ...inheritedFrom(env), ...quiet };
}

/** The first line that says anything, in at most so many characters. */
export function lineOf(text: string, characters: number): string {
  return oneLine(text.trim().split('\n', 1)[0] ?? '', characters);
}

/** It would send its version, backend and system to its makers. Source: Serena's `agent.py`, `_send_usage_info`. */
const quiet = { SERENA_USAGE_REPORTING: 'false' };

/** The arguments that start a Serena over stdio, without windows of its own; `timeoutSeconds` is its own limit for a tool. */
export function serverArguments(
  program: readonly string[],
  place: { readonly project: string; readonly context: string },
  timeoutSeconds: number,
): string[] {
  const flags = {
    transport: 'stdio',
    project: place.project,
    context: place.context,
    'enable-web-dashboard': 'false',
    'open-web-dashboard': 'false',
    'log-level': 'WARNING',
    'tool-timeout': String(timeoutSeconds),
  };
  return [...program, 'start-mcp-server', ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])];
}
