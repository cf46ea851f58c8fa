import { z } from 'zod';
import type { Arrival } from '../ports.ts';
import { oneLine } from './text.ts';

/** What is left for the broker: by the `bus` server as JSON with a proof, by a model with its own Serena as a memory without one. */

/** Larger files are not even read. */
export const dropBytes = 128 * 1024;

/** What a model can post. Tasks, results, reviews and hand-offs are the engine's, the person's word is the person's. */
export const postKinds = ['finding', 'question', 'answer', 'status', 'decision'] as const;

const words = z.string().max(64);

/** What a model gives to `bus_post`. */
export const postSchema = z.strictObject({
  kind: z
    .enum(postKinds)
    .describe(
      '`finding`: what others should know now. `question`: you need to know it from a role. `answer`: to a question, with `re`. `status`: where you are. `decision`: only the orchestrator.',
    ),
  to: z
    .union([words, z.array(words).max(20)])
    .optional()
    .describe(
      'A role, several, `all` (the default), or `person`. A question needs a role; an answer goes to who asked.',
    ),
  subject: z.string().min(1).max(200).describe('One line that says it.'),
  body: z
    .string()
    .max(64 * 1024)
    .describe('What there is to say, with evidence (file and line). Under 8 KB; never a key or password.'),
  re: z.number().int().positive().optional().describe('The number of the message that this answers.'),
});
export type PostInput = z.infer<typeof postSchema>;

export const dropIdSchema = z.string().regex(/^\d{13}-[0-9a-f]{10}$/);

export const dropSchema = postSchema.extend({
  id: dropIdSchema,
  to: z.array(words).max(20),
  /** The call and the attempt that it says it comes from. */
  call: z.string().min(1).max(400),
  attempt: z.number().int().positive(),
  at: z.string().max(40),
  /** HMAC of `signedText` by the attempt's token. */
  proof: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Drop = z.infer<typeof dropSchema>;

/** What a proof is made of: everything that the message says. */
export function signedText(drop: Omit<Drop, 'proof'>): string {
  const { id, call, attempt, kind, to, subject, body, re, at } = drop;
  return JSON.stringify([id, call, attempt, kind, to, subject, body, re ?? null, at]);
}

/** What the token of an attempt is made of, with the secret of its run. */
export function tokenText(of: { run: string; call: string; attempt: number; role: string }): string {
  return JSON.stringify([of.run, of.call, of.attempt, of.role]);
}

/**
 * A memory in the drop folder. A head of `key: value` lines between `---` may say `kind`, `to`, `subject` and `re`; without one it is a
 * finding for all whose first line is the subject. `name` is the memory's below the drop folder: it begins with a role of `roles`.
 */
export function readDropMemory(name: string, text: string, roles: readonly string[]): Omit<Arrival, 'id'> {
  const lines = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const flat = name.replaceAll('/', '-');
  const from =
    roles.filter((role) => flat === role || flat.startsWith(`${role}-`)).toSorted((a, b) => b.length - a.length)[0] ??
    oneLine(flat, 40);
  const end = lines.startsWith('---\n') ? lines.indexOf('\n---', 3) : -1;
  const head = end === -1 ? new Map<string, string[]>() : headOf(lines.slice(4, end));
  const rest = end === -1 ? lines : lines.slice(end + 4).replace(/^[^\n]*\n?/, '');
  const [first = ''] = head.get('subject') ?? [rest.trim().split('\n', 1)[0] ?? ''];
  // A message says its subject above its body: a heading that became it need not come again.
  const body = head.has('subject') ? rest : rest.replace(/^\s*#+[^\n]*\n+/, '');
  const re = head.get('re')?.[0];
  const problem =
    lines.startsWith('---\n') && end === -1 ? { problem: 'Its head does not end: a line `---` is missing.' } : {};
  return {
    from,
    kind: head.get('kind')?.[0] ?? 'finding',
    to: head.get('to') ?? [],
    subject: oneLine(first.replace(/^#+\s*/, ''), 200),
    body: body === '' ? rest : body,
    ...(re !== undefined && { re }),
    ...problem,
  };
}

/** `key: value` lines; a value may be JSON, a list in brackets, or plain words. */
function headOf(text: string): Map<string, string[]> {
  const head = new Map<string, string[]>();
  for (const line of text.split('\n').slice(0, 40)) {
    const [, key, value] = /^([a-z]+):\s*(.*)$/.exec(line.slice(0, 400)) ?? [];
    if (key === undefined || value === undefined) continue;
    const plain = key === 'subject' ? [value] : value.replace(/^\[|\]$/g, '').split(',');
    const parts = plain.map((part) => part.trim().replace(/^(["'])(.*)\1$/, '$2')).filter((part) => part !== '');
    head.set(key, parts.slice(0, 20));
  }
  return head;
}
