import type { Failure } from '../../core/ask.ts';
import { askFailureSchema } from '../../core/ask.ts';
import { oneLine } from './text.ts';

/** What a failed attempt is called. Everything that reads a vendor's words to find that out is here, and pure. */

type Kind = Failure['kind'];

/** Kinds that only our own side can know; a server that names one has merely failed. */
const ours: ReadonlySet<Kind> = new Set(['not-approved', 'left-alone', 'budget', 'person', 'cancelled']);

/** The failure that a result with `isError` states, where it keeps to the `ask` contract. */
export function structuredFailure(structured: unknown): Failure | undefined {
  const parsed = askFailureSchema.safeParse(structured);
  if (!parsed.success) return undefined;
  const { kind, message, resetsAt } = parsed.data.failure;
  const time = resetsAt === undefined ? NaN : Date.parse(resetsAt);
  return {
    kind: ours.has(kind) ? 'error' : kind,
    message: oneLine(message, 500) || 'It failed and did not say why.',
    ...(Number.isNaN(time) ? {} : { resetsAt: new Date(time).toISOString() }),
  };
}

/** The failure behind the free text of an error: any mention of a limit counts. */
export function failureOfErrorText(text: string): Failure {
  const message = oneLine(text, 500);
  const found = mentions.find(([, pattern]) => pattern.test(text));
  return { kind: found?.[0] ?? 'error', message: message || 'It failed and did not say why.', ...resetIn(text) };
}

/**
 * The failure that stands in a "good" answer: some agents return their limit or sign-in notice as text, with exit 0.
 * Conservative, since a task may be about rate limits: only where the notice is short, plain and all there is.
 */
export function failureOfAnswerText(text: string): Failure | undefined {
  const plain = text.trim();
  if (plain.length > 400 || plain.split('\n').length > 4 || /[{}]|```/.test(plain)) return undefined;
  const found = notices.find(([, pattern]) => pattern.test(plain));
  return found && { kind: found[0], message: `It answered only: ${oneLine(plain, 300)}`, ...resetIn(plain) };
}

const mentions: readonly (readonly [Kind, RegExp])[] = [
  [
    'quota',
    /usage limit|quota|out of credits?|credit balance|insufficient[_ ](?:credits?|funds|balance|quota)|billing|\b402\b/i,
  ],
  ['rate-limit', /rate[-_ ]?limit|too many requests|resource[-_ ]?exhausted|overloaded|\b(?:429|529)\b/i],
  [
    'not-signed-in',
    /not (?:logged|signed|authenticated)[- ]?(?:in)?\b|(?:log|sign) ?in (?:first|again|required)|please (?:log|sign) ?in|\/login|unauthori[sz]ed|authentication (?:required|failed)|(?:invalid|incorrect|missing|no) api[-_ ]?key|expired token|token (?:has )?expired|\b401\b/i,
  ],
];

/** A notice says that the limit was met, not only that there is one. */
const notices: readonly (readonly [Kind, RegExp])[] = [
  [
    'quota',
    /(?:hit|reached|exceeded|used up|exhausted|over) (?:your|the|its|their|my)?[\w' ]{0,30}(?:usage limit|quota|credits?)\b|(?:usage limit|quota)[\w' ]{0,20}(?:reached|exceeded|hit|exhausted|used up)|out of credits|credit balance is too low|insufficient[_ ]quota/i,
  ],
  [
    'rate-limit',
    /rate[- ]?limit[\w' ]{0,20}(?:reached|exceeded|hit)|(?:hit|reached|exceeded) (?:your|the|a|its)?[\w' ]{0,20}rate[- ]?limit|^(?:\W*(?:api )?error\W*)?(?:you (?:are|have been) )?rate[- ]?limited\b|too many requests|resource[_ ]exhausted|^\W*(?:api )?(?:error|status|http)\W*(?:429|529)\b|\b(?:429|529)\W{1,3}(?:too many|rate|overloaded)/i,
  ],
  [
    'not-signed-in',
    /^\W*(?:error\W*)?(?:you are |you're )?not (?:logged|signed) in\b|please (?:run )?\/login|^\W*(?:error\W*)?(?:invalid|incorrect|missing) api key|^\W*(?:api )?(?:error|status|http)\W*401\b|please (?:log|sign) in to (?:continue|use)/i,
  ],
  [
    'no-model',
    /\bmodel\b[^\n]{0,80}(?:has been|was|is(?: now)?)(?: been)? (?:retired|deprecated|discontinued|shut down|sunset)|\bmodel\b[^\n]{0,80}(?:no longer (?:available|supported)|(?:was )?not found|does not exist)|model_not_found/i,
  ],
];

/** `Claude AI usage limit reached|1760000000`: seconds since the epoch, as one vendor's command line prints it. */
function resetIn(text: string): { resetsAt?: string } {
  const seconds = /\blimit[^|\n]{0,40}\|(\d{10})\b/i.exec(text)?.[1];
  return seconds === undefined ? {} : { resetsAt: new Date(Number(seconds) * 1000).toISOString() };
}

/** Source: JSON-RPC 2.0, section 5.1. */
const notTheProtocol: ReadonlySet<number> = new Set([-32700, -32600, -32601, -32602]);

/** The failure behind a JSON-RPC error that a server answered with. */
export function failureOfRpcError(code: number, message: string): Failure {
  const failure = failureOfErrorText(message.replace(/^MCP error -?\d+: /, ''));
  return failure.kind === 'error' && notTheProtocol.has(code) ? { ...failure, kind: 'protocol' } : failure;
}

/** The failure behind an HTTP status that is not 2xx. `retryAt`: the time that `Retry-After` named, ISO. */
export function failureOfStatus(status: number, text: string, retryAt?: string): Failure {
  const resets = retryAt === undefined ? {} : { resetsAt: retryAt };
  const said = oneLine(text, 300);
  const message = `The server answered ${status}${said === '' ? '' : `: ${said}`}`;
  switch (status) {
    case 401:
    case 403:
      return { kind: 'not-signed-in', message };
    case 402:
      return { kind: 'quota', message };
    case 429:
    case 529:
      return { kind: mentions[0]?.[1].test(text) ? 'quota' : 'rate-limit', message, ...resets };
    case 503:
      return { kind: 'crash', message, ...resets };
    default:
      return { kind: status >= 500 ? 'crash' : 'protocol', message };
  }
}

/** The failure behind a server that cannot be started or reached; `code` as Node's system errors have it. */
export function failureOfSystemError(what: string, code: string | undefined, message: string): Failure {
  switch (code) {
    case 'ENOENT':
      return { kind: 'not-installed', message: `${what} is not installed: there is no such program.` };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'not-installed', message: `${what} is not installed: it may not be run.` };
    case 'ENOEXEC':
    case 'EINVAL':
      return { kind: 'not-installed', message: `${what} is not installed: it is no program that can be run directly.` };
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return { kind: 'not-installed', message: `${what} does not answer (${code}).` };
    default:
      return { kind: 'crash', message: `${what}: ${oneLine(message, 300)}` };
  }
}
