import { z } from 'zod';
import type { EventOf } from '../run/events.ts';
import { messageId } from './names.ts';
import { clipBytes, normalBody, oneLine, utf8Bytes } from './text.ts';

/** A message as a memory: `key: JSON` lines between `---`, which is YAML too, then the body. The text is data, never authority. */

/** Version of the format; a message of another one is shown, never acted on. */
const messageFormat = 'orch.msg/1';

/** Above this a sender should be shorter. */
export const bodySoftBytes = 8 * 1024;
/** Above this the memory holds an excerpt only. */
export const bodyHardBytes = 32 * 1024;

const headBytes = 16 * 1024;

const envelopeSchema = z.looseObject({
  schema: z.literal(messageFormat),
  id: z.string().min(1).max(120),
  seq: z.number().int().positive(),
  ts: z.string(),
  from: z.string().min(1).max(64),
  to: z.array(z.string().min(1).max(64)).min(1).max(64),
  kind: z.string().min(1).max(40),
  thread: z.string().optional(),
  /** The id of the message that it answers. */
  re: z.string().optional(),
  state: z.string().optional(),
  ack: z.boolean().optional(),
  expires: z.string().optional(),
  refs: z.array(z.string()).optional(),
  /** False where nobody could prove the sender; absent: proved. */
  verified: z.boolean().optional(),
  /** Of the body. */
  bytes: z.number().int().nonnegative(),
  sha256: z.string(),
});

/** The head of a message. Keys that this version does not know are kept. */
type Envelope = z.infer<typeof envelopeSchema>;

export interface Message {
  readonly envelope: Envelope;
  readonly body: string;
}

/** What a sender gives; the rest is worked out. Further keys may stand in it and are kept. */
export type Draft = Pick<Envelope, 'id' | 'seq' | 'ts' | 'from' | 'to' | 'kind'> & Partial<Envelope>;

/** The text of the memory. `hash` gives SHA-256 in hex. The body is normalised, and cut to an excerpt above the hard limit. */
export function formatMessage(draft: Draft, body: string, hash: (text: string) => string): string {
  const text = fitBody(body, `the journal of the run, message ${draft.seq}`);
  const envelope = envelopeSchema.parse({
    ...draft,
    schema: messageFormat,
    bytes: utf8Bytes(text),
    sha256: hash(text),
  });
  const head = Object.entries(envelope)
    .filter(([key, value]) => value !== undefined && isKey(key))
    .map(([key, value]) => `${key}: ${yamlJson(value)}\n`);
  return `---\n${head.join('')}---\n${text}`;
}

/** Reads a message; `problem` says in a few words why it is none, or not whole. With `hash` the body is checked against the head. */
export function parseMessage(text: string, hash?: (text: string) => string): Message | { problem: string } {
  const lines = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  if (!lines.startsWith('---\n')) return { problem: 'it has no head' };
  const end = lines.indexOf('\n---\n', 3);
  if (end === -1) return { problem: 'its head does not end' };
  if (end > headBytes) return { problem: 'its head is too long' };
  const head: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const line of lines.slice(4, end).split('\n')) {
    const colon = line.indexOf(': ');
    const key = line.slice(0, colon);
    if (colon === -1 || !isKey(key)) return { problem: `its head has a strange line: ${oneLine(line, 60)}` };
    if (key in head) return { problem: `its head gives ${key} twice` };
    try {
      head[key] = JSON.parse(line.slice(colon + 2));
    } catch {
      return { problem: `its head gives no JSON for ${key}` };
    }
  }
  const envelope = envelopeSchema.safeParse(head);
  if (!envelope.success) return { problem: z.prettifyError(envelope.error) };
  const body = lines.slice(end + 5);
  if (utf8Bytes(body) !== envelope.data.bytes) return { problem: 'its body has another length than its head says' };
  if (hash && hash(body) !== envelope.data.sha256) return { problem: 'its body has another hash than its head says' };
  return { envelope: envelope.data, body };
}

/** The memory of a posted message, from its event alone: so the journal can always restore it. */
export function messageOf(
  run: string,
  at: string,
  posted: EventOf<'message.posted'>,
  hash: (text: string) => string,
): string {
  const { seq, from, kind, subject, re, verified } = posted;
  const to = posted.to.length === 0 ? ['all'] : posted.to;
  const more = { ...(re !== undefined && { re }), ...(!verified && { verified }) };
  const draft: Draft = { id: messageId(run, seq), seq, ts: at, from, to, kind, ...more };
  return formatMessage(draft, `# ${oneLine(subject, 200)}\n\n${posted.body}`, hash);
}

/** The body as it is stored: normalised, and above the hard limit its beginning with a note where the rest stands. */
export function fitBody(body: string, rest: string): string {
  const whole = normalBody(body);
  const bytes = utf8Bytes(whole);
  if (bytes <= bodyHardBytes) return whole;
  const start = clipBytes(whole, bodySoftBytes);
  // At a line's end, if there is one not too far back.
  const line = start.lastIndexOf('\n');
  const excerpt = line > start.length / 2 ? start.slice(0, line) : start;
  return `${excerpt.trimEnd()}\n\n[excerpt: ${utf8Bytes(excerpt)} of ${bytes} bytes; the whole text stands in ${rest}]\n`;
}

/** No name that an object brings along of itself. */
function isKey(key: string): boolean {
  return /^[a-z][A-Za-z0-9_-]{0,39}$/.test(key) && !(key in Object.prototype);
}

/** JSON that a YAML reader takes as well: YAML allows fewer characters unescaped. Source: YAML 1.2.2, 5.1 and 5.4. */
function yamlJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
