/**
 * Secrets taken out of a text before it goes to a prompt, memory, journal, transcript or log. Two nets: values that are known to be
 * secret, also in the usual encodings, and shapes of keys that everybody knows. What has neither passes: nothing finds every secret.
 */

export interface Secret {
  /** Shown in its place. */
  readonly name: string;
  readonly value: string;
}

export interface Redacted {
  readonly text: string;
  /** How many places were taken out. */
  readonly count: number;
}

export type Redactor = (text: string) => Redacted;

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
    for (const { name, shape, keep } of shapes) {
      clean = clean.replace(shape, (...found: unknown[]) => {
        const groups = found.at(-1) as { before?: string; secret: string; after?: string };
        if (keep?.(groups.secret)) return found[0] as string;
        count++;
        return `${groups.before ?? ''}[redacted: ${name}]${groups.after ?? ''}`;
      });
    }
    return { text: clean, count };
  };
}

/**
 * The same for a text that arrives in pieces: what may be the beginning of a secret is held back until more comes. `end` gives the rest.
 * Of a run of more than 8,000 characters without a space the beginning is let go.
 */
export function redactStream(secrets: readonly Secret[]): { push(text: string): string; end(): string } {
  const redact = redactor(secrets);
  const forms = variantsOf(secrets).map(({ form }) => form);
  let held = '';
  return {
    push(text) {
      held += text;
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

/** Sources: the vendors' documentation of their keys' prefixes. The more special ones first. */
const shapes: readonly Shape[] = [
  { name: 'Anthropic key', shape: /\b(?<secret>sk-ant-[\w-]{16,250})/g },
  { name: 'API key', shape: /\b(?<secret>sk-[\w-]{20,250})/g, keep: plain },
  { name: 'Google key', shape: /\b(?<secret>AIza[\w-]{35})/g },
  { name: 'Google token', shape: /\b(?<secret>ya29[.][\w.-]{20,1000})/g },
  { name: 'xAI key', shape: /\b(?<secret>xai-[A-Za-z0-9]{20,250})/g },
  { name: 'Groq key', shape: /\b(?<secret>gsk_[A-Za-z0-9]{20,250})/g },
  { name: 'Perplexity key', shape: /\b(?<secret>pplx-[A-Za-z0-9]{20,250})/g },
  { name: 'GitHub token', shape: /\b(?<secret>gh[oprsu]_[A-Za-z0-9]{20,255}|github_pat_\w{20,255})/g },
  { name: 'GitLab token', shape: /\b(?<secret>glpat-[\w-]{20,250})/g },
  { name: 'Slack token', shape: /\b(?<secret>xox[abeprs]-[A-Za-z0-9-]{10,250})/g },
  { name: 'AWS key id', shape: /\b(?<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b/g },
  { name: 'npm token', shape: /\b(?<secret>npm_[A-Za-z0-9]{36})/g },
  { name: 'Hugging Face token', shape: /\b(?<secret>hf_[A-Za-z0-9]{30,250})/g },
  { name: 'PyPI token', shape: /\b(?<secret>pypi-[\w-]{40,500})/g },
  { name: 'Stripe key', shape: /\b(?<secret>[rs]k_(?:live|test)_[A-Za-z0-9]{16,250})/g },
  { name: 'SendGrid key', shape: /\b(?<secret>SG[.][\w-]{16,80}[.][\w-]{16,80})/g },
  { name: 'JSON web token', shape: /\b(?<secret>eyJ[\w-]{10,4000}[.]eyJ[\w-]{10,4000}[.][\w-]{10,4000})/g },
  { name: 'authorization', shape: /\b(?<before>(?:Bearer|Basic)[ \t]{1,4})(?<secret>[\w.~+/=-]{16,4000})/gi, keep: plain },
  { name: 'password', shape: /(?<before>\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"']{0,100}:)(?<secret>[^\s/@"'<>{}]{3,200})(?<after>@)/gi },
  {
    name: 'secret',
    shape:
      /(?<before>(?:api[_-]?key|access[_-]?key|secret|token|passwd|password|private[_-]?key)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?)(?<secret>[\w.~+/=-]{16,500})(?![\w.~+/=(-])/gi,
    keep: wordOfProgram,
  },
];

/** A private key in PEM armour, from its first line to its last; one without an end up to where the key's letters end. */
function withoutPrivateKeys(text: string, count: number): [string, number] {
  const begin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
  let out = '';
  let from = 0;
  for (let found = begin.exec(text); found; found = begin.exec(text)) {
    const after = text.slice(begin.lastIndex, begin.lastIndex + 20_000);
    // Line ends may stand as \n, as in a JSON text.
    const whole = /^(?:[\w+/=\s:,.()-]|\\[nr])*?-----END [A-Z0-9 ]{0,40}-----/.exec(after) ?? /^(?:(?:\s|\\[nr])+[A-Za-z0-9+/=]{16,})*/.exec(after);
    out += `${text.slice(from, found.index)}[redacted: private key]`;
    from = begin.lastIndex + (whole?.[0].length ?? 0);
    begin.lastIndex = from;
    count++;
  }
  return [out + text.slice(from), count];
}

/** Every known value in the forms in which it gets around, the longest first, so that no form hides a longer one. */
function variantsOf(secrets: readonly Secret[]): { form: string; mark: string }[] {
  const forms = new Map<string, string>();
  for (const { name, value } of secrets) {
    if (value.length < shortestSecret) continue;
    const mark = `[redacted: ${name}]`;
    const bytes = new TextEncoder().encode(value.toWellFormed());
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    const all = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed()), hex, hex.toUpperCase()];
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

/** Where the text can be cut so that no secret lies across. */
function safeCut(text: string, forms: readonly string[]): number {
  const near = Math.max(0, text.length - 16_000);
  const tail = text.slice(near);
  // The last word, and before it what makes the next word a secret.
  let cut = text.length;
  while (cut > 0 && cut > text.length - 8000 && !/\s/.test(text.charAt(cut - 1))) cut--;
  const before = text.slice(Math.max(0, cut - 200), cut);
  const context =
    /\b[\w-]{0,60}(?:Bearer|Basic|key|secret|token|passwd|password)["']?[ \t]{0,4}[:=]?[ \t]{0,4}["']?$/i.exec(before);
  if (context) cut -= context[0].length;
  // Armour whose end has not come.
  const armour = tail.lastIndexOf('-----BEGIN');
  if (armour !== -1 && !/-----END [A-Z0-9 ]{0,40}-----/.test(tail.slice(armour))) cut = Math.min(cut, near + armour);
  // A known value of several words.
  for (const form of forms) {
    if (!/\s/.test(form)) continue;
    for (let length = Math.min(form.length - 1, text.length); length > text.length - cut; length--) {
      if (text.endsWith(form.slice(0, length))) {
        cut = text.length - length;
        break;
      }
    }
  }
  return Math.max(0, cut);
}
