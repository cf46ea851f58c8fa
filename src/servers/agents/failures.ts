import { RequestError } from '@agentclientprotocol/sdk';
import type { Failure, Usage } from '../../core/ask.ts';
import { failureOfErrorText } from '../../node/models/failures.ts';
import { oneLine } from '../../node/models/text.ts';
import type { Profile } from './profiles.ts';

/** An ask that failed, as the contract tells it. */
export class AskError extends Error {
  readonly failure: Failure;
  readonly usage: Usage | undefined;

  constructor(failure: Failure, usage?: Usage) {
    super(failure.message);
    this.name = 'AskError';
    this.failure = failure;
    this.usage = usage;
  }
}

/** Source: the Agent Client Protocol's error codes. */
const authRequired = -32000;
const notFound = -32002;
const methodNotFound = -32601;
const invalidParams = -32602;

/** The vendor does not know the model, or not for this account. */
const noModel =
  /model[_ -]?not[_ -]?found|\bmodel\b[^\n]{0,80}\b(?:does not exist|not found|is not (?:supported|available|offered)|no longer (?:available|supported))|unknown model|invalid model|unsupported model|no access to (?:the )?model|\bmodel\b[^\n]{0,60}\b(?:retired|sunset|shut down)\b/i;

const context =
  /context[_ ](?:length|window)[^\n]{0,40}exceed|prompt (?:is|as) too long|too many tokens|maximum context/i;

/** What an agent's error means. `doing` says what it answered so to. */
export function failureOfAgentError(profile: Profile, doing: string, error: RequestError): Failure {
  const said = wordsOf(error);
  const text = `${profile.title} could not ${doing}: ${said}`;
  if (error.code === authRequired) return notSignedIn(profile);
  const message = oneLine(text, 500);
  if (noModel.test(said)) return { kind: 'no-model', message };
  if (context.test(said)) return { kind: 'too-large', message };
  const failure = failureOfErrorText(said);
  if (failure.kind === 'not-signed-in')
    return { ...notSignedIn(profile), message: `${message} (${signInHint(profile)})` };
  const resets = failure.resetsAt ?? resetIn(said);
  return { ...failure, message, ...(resets !== undefined && { resetsAt: resets }) };
}

/** True for the error of one who does not know the method. */
export function isUnknownMethod(error: unknown): boolean {
  return error instanceof RequestError && error.code === methodNotFound;
}

/** True for the error of one who does not know the session, the option or the value. */
export function isUnknownThing(error: unknown): boolean {
  return error instanceof RequestError && (error.code === notFound || error.code === invalidParams);
}

export function notSignedIn(profile: Profile): Failure {
  return { kind: 'not-signed-in', message: `${profile.title} is not signed in. ${signInHint(profile)}` };
}

function signInHint(profile: Profile): string {
  return `Sign in: ${profile.signIn}.`;
}

export function notInstalled(profile: Profile): Failure {
  const [name] = profile.programs;
  return {
    kind: 'not-installed',
    message: `${profile.title} is not installed: there is no \`${name}\` on the PATH or where installers put it. Install it: ${profile.install}.`,
  };
}

/** The failure behind a program that could not be started. */
export function failureOfStart(title: string, file: string, error: NodeJS.ErrnoException): Failure {
  const program = oneLine(file, 120);
  switch (error.code) {
    case 'ENOENT':
      return { kind: 'not-installed', message: `${title} cannot be started: ${program} is not there.` };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'not-installed', message: `${title} cannot be started: ${program} may not be run.` };
    default:
      return { kind: 'crash', message: `${title} cannot be started: ${oneLine(error.message, 200)}` };
  }
}

/** All that an error says: some put the vendor's own words into its data. */
function wordsOf({ message, data }: RequestError): string {
  const more = typeof data === 'string' ? data : data === undefined || data === null ? '' : JSON.stringify(data);
  return more === '' || more === '{}' || message.includes(more) ? message : `${message}: ${more}`;
}

/** `try again in 20s`, `resets in 2h 5m`, `resets at 2026-11-28T05:00:00Z`: as vendors say it. */
function resetIn(text: string): string | undefined {
  const at = /resets?(?: at| on)?[^\dT]{0,12}(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z)/i.exec(text)?.[1];
  if (at !== undefined) return new Date(at).toISOString();
  const after =
    /(?:again|resets?|retry)[^\d\n]{0,20}in (?:about )?((?:\d+(?:\.\d+)?\s*(?:d|h|m|s|days?|hours?|minutes?|min|seconds?|sec)\b[ ,and]*)+)/i.exec(
      text,
    )?.[1];
  if (after === undefined) return undefined;
  const unit: Record<string, number> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 };
  let ms = 0;
  for (const [, count, word] of after.matchAll(/(\d+(?:\.\d+)?)\s*([dhms])/gi))
    ms += Number(count) * (unit[(word as string).toLowerCase()] as number);
  return ms > 0 ? new Date(Date.now() + ms).toISOString() : undefined;
}
