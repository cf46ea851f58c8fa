import { APICallError } from 'ai';
import type { Failure } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { failureOfStatus, failureOfSystemError } from '../../node/models/failures.ts';
import { oneLine } from '../../node/models/text.ts';
import type { Provider } from './providers.ts';

/** What a provider's refusal is called. Vendors' words are data: they are cut, and cleaned of keys by the caller. */

/** A thing that carries the vendor's error inside the stream, as the SDK hands it on. */
function partsOf(error: unknown): { status?: number; text: string; headers: Record<string, string> } {
  if (APICallError.isInstance(error))
    return {
      ...(error.statusCode !== undefined && { status: error.statusCode }),
      text: `${error.message} ${error.responseBody ?? ''}`,
      headers: error.responseHeaders ?? {},
    };
  if (error instanceof Error) return { text: error.message, headers: {} };
  return { text: typeof error === 'string' ? error : (JSON.stringify(error) ?? ''), headers: {} };
}

const noModel =
  /model[_ ]not[_ ]found|not_found_error|no such model|(?:model|models\/)[^.\n]{0,120}(?:not found|does not exist|is not (?:supported|available|a valid)|no longer (?:available|supported)|has been (?:retired|deprecated|shut ?down|discontinued))|unknown model|invalid model/i;
const quota =
  /insufficient[_ ](?:quota|credits?|funds|balance)|credit balance|billing|out of credits?|payment required|spending limit|exceeded your current quota/i;
const tooLarge =
  /context[_ ]length|context window|maximum context|prompt is too long|too many tokens|request too large|input token count/i;
const noTools =
  /(?:tools?|function(?:s| calling)?)[^.\n]{0,60}(?:not|n't|un)[ -]?support|support[^.\n]{0,30}(?:tools?|function calling)\b/i;
const badKey =
  /api[_ -]?key[^.\n]{0,40}(?:invalid|incorrect|not valid|expired|missing)|(?:invalid|incorrect)[^.\n]{0,20}api[_ -]?key|authentication_error/i;
const busy = /overloaded|\b529\b|resource[_ ]exhausted|rate[_ ]limit|too many requests|\b429\b/i;

/** True when the model cannot call tools: it is asked once more without. */
export function cannotCallTools(error: unknown): boolean {
  const { status, text } = partsOf(error);
  return (status === undefined || status === 400 || status === 404 || status === 422) && noTools.test(text);
}

/** The failure behind an error of the SDK. */
export function failureOf(error: unknown, provider: Provider, now: number): Failure {
  const { status, text, headers } = partsOf(error);
  const said = oneLine(wordsOf(error, text), 300);
  const message = `${provider.title} ${status === undefined ? 'failed' : `answered ${status}`}${said === '' ? '' : `: ${said}`}`;
  // It began to answer, and then the connection went.
  if (status === 200) return { kind: 'crash', message: `${provider.title} broke off in the middle of its answer.` };
  const resetsAt = resetOf(headers, text, now);
  const make = (kind: Failure['kind']): Failure => ({ kind, message, ...(resetsAt !== undefined && { resetsAt }) });
  if (status === 402 || ((status === undefined || (status >= 400 && status < 500)) && quota.test(text)))
    // Google says "exceeded your current quota" of its limits by the minute too, and then when to come back.
    return make(
      status === 429 && resetsAt !== undefined && !/insufficient|credit/i.test(text) ? 'rate-limit' : 'quota',
    );
  if (status === 401 || status === 403 || ((status === undefined || status === 400) && badKey.test(text)))
    return {
      kind: 'not-signed-in',
      message: `${message}. The key in ${provider.keys[0] ?? 'its environment'} is refused.`,
    };
  if (status === 404 || ((status === undefined || status === 400) && noModel.test(text))) return make('no-model');
  if (status === 413 || ((status === undefined || status === 400) && tooLarge.test(text))) return make('too-large');
  if (status !== undefined) return { ...failureOfStatus(status, said, resetsAt), message };
  if (busy.test(text)) return make('rate-limit');
  const code = codeIn(error);
  if (code !== undefined) return failureOfSystemError(`${provider.title} (${new URL(provider.url).host})`, code, said);
  return make(/overload|terminated|aborted|socket|closed|network|stream/i.test(text) ? 'crash' : 'error');
}

/** The vendor's own sentence, where its answer has one. */
function wordsOf(error: unknown, text: string): string {
  if (!APICallError.isInstance(error)) return text;
  try {
    const body = JSON.parse(error.responseBody ?? '') as unknown;
    const first = (Array.isArray(body) ? body[0] : body) as {
      error?: { message?: unknown } | string;
      message?: unknown;
    };
    const inner = typeof first.error === 'string' ? first.error : first.error?.message;
    if (typeof inner === 'string') return inner;
    if (typeof first.message === 'string') return first.message;
  } catch {
    // No JSON: what the SDK says.
  }
  return error.message || reasonOf(error);
}

/** The code of a system error, somewhere among the causes. */
function codeIn(error: unknown): string | undefined {
  for (let here: unknown = error, depth = 0; here instanceof Error && depth < 6; here = here.cause, depth++) {
    const { code, errors } = here as { code?: unknown; errors?: unknown };
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return code;
    if (Array.isArray(errors) && errors[0] instanceof Error) return codeIn(errors[0]);
  }
  return undefined;
}

/**
 * When a limit resets, ISO: `retry-after` in seconds or as a date, else the vendors' own headers (OpenAI `1m30s`, Anthropic an ISO
 * time, xAI and OpenRouter milliseconds since the epoch), else Google's `retryDelay` in the body.
 */
export function resetOf(headers: Record<string, string>, body: string, now: number): string | undefined {
  const after = headers['retry-after'];
  const times = [
    headers['retry-after-ms'] === undefined ? undefined : now + Number(headers['retry-after-ms']),
    after === undefined ? undefined : /^[\d.]+$/.test(after) ? now + Number(after) * 1000 : Date.parse(after),
    ...['requests', 'tokens', 'input-tokens', 'output-tokens']
      .flatMap((what) => [headers[`anthropic-ratelimit-${what}-reset`], headers[`x-ratelimit-reset-${what}`]])
      .map((text) => timeOf(text, now)),
    timeOf(headers['x-ratelimit-reset'], now),
    timeOf(/"retryDelay"\s*:\s*"([\d.]+s)"/.exec(body)?.[1], now),
  ];
  const found = times.find((time) => time !== undefined && Number.isFinite(time) && time > now);
  return found === undefined ? undefined : new Date(found).toISOString();
}

function timeOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d{13}$/.test(text)) return Number(text);
  if (/^\d{10}$/.test(text)) return Number(text) * 1000;
  const parts = [...text.matchAll(/([\d.]+)(ms|h|m|s)/g)];
  if (parts.length > 0 && parts.map((p) => p[0]).join('') === text) {
    const scale = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
    return now + parts.reduce((sum, [, n, unit]) => sum + Number(n) * scale[unit as keyof typeof scale], 0);
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
}

/** A notice instead of an answer, with status 200: some vendors answer so for a model that they took away. */
export function retiredNotice(text: string): boolean {
  const plain = text.trim();
  return plain.length < 400 && !/[{}]|```/.test(plain) && noModel.test(plain);
}
