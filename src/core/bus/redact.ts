/**
 * Secrets taken out of a text before it goes to a prompt, memory, journal, transcript or log. Two nets: values that are known to be
 * secret, also in the usual encodings, and shapes of keys that everybody knows. What has neither passes: nothing finds every secret.
 */

export interface Secret {
  /** Shown in its place. */
  readonly name: string;
  readonly value: string;
}

interface Redacted {
  readonly text: string;
  /** How many places were taken out. */
  readonly count: number;
}

export type Redactor = (text: string) => Redacted;

/** Before the tokens by which attempts prove their messages, so that one that a model repeats is known. */
export const tokenMark = 'orcbus_';

/** Shorter values are not looked for: they would take half of every text away. */
export const shortestSecret = 8;

/** Makes the filter for these known secrets and all known shapes. It is pure, and linear in the text. */
export function redactor(secrets: readonly Secret[]): Redactor {
  const known = variantsOf(secrets);
  return (text) => {
    let count = 0;
    let clean = text;
    for (const { form, mark } of known) {
      if (!clean.includes(form)) continue;
      const parts = clean.split(form);
      count += parts.length - 1;
      clean = parts.join(mark);
    }
    [clean, count] = withoutPrivateKeys(clean, count);
    // What stood right behind one key is found only when that is gone.
    for (let before = -1; before !== count;) {
      before = count;
      for (const { name, shape, keep } of shapes) {
        clean = clean.replace(shape, (...found: unknown[]) => {
          const groups = found.at(-1) as { before?: string; secret: string; after?: string };
          if (keep?.(groups.secret)) return found[0] as string;
          count++;
          return `${groups.before ?? ''}[redacted: ${name}]${groups.after ?? ''}`;
        });
      }
    }
    return { text: clean, count };
  };
}

/**
 * The same for a text that arrives in pieces: what may be the beginning of a secret is held back until more comes. `end` gives the rest.
 * Of a word of more than 8,000 letters the beginning is let go.
 */
export function redactStream(secrets: readonly Secret[]): { push(text: string): string; end(): string } {
  const redact = redactor(secrets);
  const forms = variantsOf(secrets).map(({ form }) => form);
  let held = '';
  return {
    push(text) {
      held += text;
      // Within a word nothing new can be let go.
      if (held.length <= wordMost && !/\s/.test(text)) return '';
      const cut = safeCut(held, forms);
      const out = redact(held.slice(0, cut)).text;
      held = held.slice(cut);
      return out;
    },
    end() {
      const out = redact(held).text;
      held = '';
      return out;
    },
  };
}

interface Shape {
  readonly name: string;
  /** Global; has the named group `secret`, and may have `before` and `after`, which stay. Every repetition is bounded or cannot go back. */
  readonly shape: RegExp;
  /** True for a find that is no secret after all. */
  readonly keep?: (secret: string) => boolean;
}

const plain = (secret: string): boolean => !/\d/.test(secret);
/** What a program has to the right of `token =`: a name, a property, a path, a number. Secrets mix letters and digits. */
const wordOfProgram = (secret: string): boolean =>
  !/\d/.test(secret) ||
  !/[A-Za-z]/.test(secret) ||
  /^[./~]/.test(secret) ||
  /^[A-Za-z_]\w*(?:[.][A-Za-z_]\w*)+$/.test(secret) ||
  (/^[A-Za-z_]\w*$/.test(secret) && secret.replace(/\D/g, '').length < 3);

/** Where a key may begin: not inside a word, but after an escape as JSON has it (`\nsk-…`). */
const begin = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[nrt]))`;
const key = (name: string, form: string, keep?: (secret: string) => boolean): Shape => ({
  name,
  shape: new RegExp(`${begin}(?<secret>${form})`, 'g'),
  ...(keep && { keep }),
});

/** Sources: the vendors' documentation of their keys' prefixes. The more special ones first. */
const shapes: readonly Shape[] = [
  key('Anthropic key', String.raw`sk-ant-[\w-]{16,250}`),
  key('API key', String.raw`sk-[\w-]{20,250}`, plain),
  key('Google key', String.raw`AIza[\w-]{35}`),
  key('Google token', String.raw`ya29[.][\w.-]{20,1000}`),
  key('xAI key', String.raw`xai-[A-Za-z0-9]{20,250}`),
  key('Groq key', String.raw`gsk_[A-Za-z0-9]{20,250}`),
  key('Perplexity key', String.raw`pplx-[A-Za-z0-9]{20,250}`),
  key('GitHub token', String.raw`gh[oprsu]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255}`),
  key('GitLab token', String.raw`glpat-[\w-]{20,250}`),
  key('Slack token', String.raw`xox[abeprs]-[A-Za-z0-9-]{10,250}`),
  key('AWS key id', String.raw`(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])`),
  key('bus token', `${tokenMark}[0-9a-f]{16,64}`),
  key('npm token', String.raw`npm_[A-Za-z0-9]{36}`),
  key('Hugging Face token', String.raw`hf_[A-Za-z0-9]{30,250}`),
  key('PyPI token', String.raw`pypi-[\w-]{40,500}`),
  key('Stripe key', String.raw`[rs]k_(?:live|test)_[A-Za-z0-9]{16,250}`),
  key('SendGrid key', String.raw`SG[.][\w-]{16,80}[.][\w-]{16,80}`),
  key('JSON web token', String.raw`eyJ[\w-]{10,4000}[.]eyJ[\w-]{10,4000}[.][\w-]{10,4000}`),
  {
    name: 'authorization',
    shape: /\b(?<before>(?:Bearer|Basic)[ \t]{1,4})(?<secret>[\w.~+/=-]{16,4000})/gi,
    keep: plain,
  },
  {
    name: 'password',
    shape: /(?<before>\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:)(?<secret>[^\s/@"'<>{}]{3,200})(?<after>@)/gi,
  },
  {
    name: 'secret',
    shape:
      /(?<before>(?:api[_-]?key|access[_-]?key|secret|token|passwd|password|private[_-]?key)(?:\\?["'])?[ \t]{0,4}[:=][ \t]{0,4}(?:\\?["'])?)(?<secret>[\w.~+/=-]{16,500})(?![\w.~+/=(-])/gi,
    keep: wordOfProgram,
  },
];

const armourBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const armourEnd = /-----END [A-Z0-9 ]{0,40}-----/g;
/** A longer word is let go in part. */
const wordMost = 8000;
/** Farther away than this no end belongs to a beginning. */
const armourMost = 16_000;

/** A private key in PEM armour, from its first line to its last; one without an end up to where its letters end. */
function withoutPrivateKeys(text: string, count: number): [string, number] {
  let out = '';
  let from = 0;
  let next = 0;
  for (let found = match(armourBegin, text, 0); found; found = match(armourBegin, text, from)) {
    const body = found.index + found[0].length;
    if (next < body) next = text.indexOf('-----END ', body);
    if (next === -1) next = text.length;
    out += `${text.slice(from, found.index)}[redacted: private key]`;
    from = endOfKey(text, body, next);
    count++;
  }
  return [out + text.slice(from), count];
}

function endOfKey(text: string, body: number, end: number): number {
  const last = end - body < armourMost ? match(armourEnd, text, end) : null;
  // Line ends may stand as \n, as in a JSON text.
  if (last?.index === end && /^(?:[A-Za-z0-9+/=\s:,.()-]|\\[nr])*$/.test(text.slice(body, end)))
    return end + last[0].length;
  const letters = /^(?:(?:\s|\\[nr])+[A-Za-z0-9+/=]{16,})+(?:(?:\n|\r\n|\\n)[A-Za-z0-9+/=]{1,15}(?=\s|\\n|["']|$))?/;
  return body + (letters.exec(text.slice(body, body + armourMost))?.[0].length ?? 0);
}

function match(global: RegExp, text: string, from: number): RegExpExecArray | null {
  global.lastIndex = from;
  return global.exec(text);
}

/** Every known value in the forms in which it gets around, the longest first, so that no form hides a longer one. */
function variantsOf(secrets: readonly Secret[]): { form: string; mark: string }[] {
  const forms = new Map<string, string>();
  for (const { name, value } of secrets) {
    if (value.length < shortestSecret) continue;
    const mark = `[redacted: ${name}]`;
    const bytes = new TextEncoder().encode(value.toWellFormed());
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const all = [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value.toWellFormed()),
      hex,
      hex.toUpperCase(),
    ];
    for (const form of [...all, ...base64Forms(bytes)]) {
      // A mark must never be taken for a secret again.
      if (form.length >= shortestSecret && !mark.includes(form) && !forms.has(form)) forms.set(form, mark);
    }
  }
  return [...forms].map(([form, mark]) => ({ form, mark })).toSorted((a, b) => b.form.length - a.form.length);
}

/** What base64 makes of the bytes wherever they stand in a longer text: three alignments, without the letters that the neighbours have a part in. */
function base64Forms(bytes: Uint8Array): string[] {
  const forms: string[] = [];
  for (const before of [0, 1, 2]) {
    const padded = new Uint8Array(before + bytes.length);
    padded.set(bytes, before);
    const letters = base64(padded);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((padded.length * 8) / 6);
    const form = letters.slice(first, last);
    forms.push(form, form.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

function base64(bytes: Uint8Array): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (const shift of [18, 12, 6, 0]) out += alphabet[(three >> shift) & 63];
  }
  return out;
}

/** Where the text can be cut so that no secret lies across: what is after it must wait. */
function safeCut(text: string, forms: readonly string[]): number {
  let cut = text.length;
  while (cut > 0 && cut > text.length - wordMost && !isSpace(text.charCodeAt(cut - 1))) cut--;
  // Half of an endless word goes, so that it is not looked through at every letter.
  if (text.length - cut >= wordMost) cut = text.length - wordMost / 2;
  // Each may move it to where another has something to say.
  for (;;) {
    const next = Math.min(
      beforeContext(text, cut),
      beforeArmour(text, cut),
      ...forms.map((form) => beforeForm(text, cut, form)),
    );
    if (next === cut) return cut;
    cut = next;
  }
}

function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || (code > 127 && /\s/.test(String.fromCharCode(code)));
}

/** Before the word that makes the next one a secret. */
function beforeContext(text: string, cut: number): number {
  const context =
    /(?<![\w-])[\w-]{0,60}(?:Bearer|Basic|key|secret|token|passwd|password)(?:\\?["'])?[ \t]{0,4}[:=]?[ \t]{0,4}(?:\\?["'])?$/i.exec(
      text.slice(Math.max(0, cut - 160), cut),
    );
  return context ? cut - context[0].length : cut;
}

/** Before armour that has no end yet, or its end behind the cut. */
function beforeArmour(text: string, cut: number): number {
  const start = text.lastIndexOf('-----BEGIN', cut);
  if (start === -1 || text.length - start > armourMost) return cut;
  const end = match(armourEnd, text, start);
  return end && end.index + end[0].length <= cut ? cut : start;
}

/** Before a known value of several words that lies across the cut, or whose beginning is all that has come. */
function beforeForm(text: string, cut: number, form: string): number {
  if (!/\s/.test(form)) return cut;
  const across = text.indexOf(form, Math.max(0, cut - form.length + 1));
  if (across !== -1 && across < cut) return across;
  for (let length = Math.min(form.length - 1, text.length); length > text.length - cut; length--) {
    if (text.endsWith(form.slice(0, length))) return text.length - length;
  }
  return cut;
}
