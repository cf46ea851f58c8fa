/** Names of memories. Every name is safe as a path on every platform and as a name in Serena; source: facts on Serena's memories. */

const nameMost = 120;

/** What everybody reads first: the protocol, and where the run stands. */
export const protocolName = 'orch/protocol';
export const nowName = 'orch/now';

/** The state of a run, for those who come late. */
export function boardName(run: string): string {
  return safe(run, 'board');
}

/** The message of this number; the number has leading zeros, so that names sort in the order of delivery. */
export function messageName(message: {
  run: string;
  seq: number;
  from: string;
  to: readonly string[];
  kind: string;
}): string {
  const { run, seq, from, to, kind } = message;
  const number = String(seq).padStart(6, '0');
  return safe(run, `m/${number}-${slug(from)}-${slug(addressee(to))}-${slug(kind, 12)}`);
}

/** The id of a message, as `re` and `refs` give it. */
export function messageId(run: string, seq: number): string {
  return `${run}-${String(seq).padStart(6, '0')}`;
}

/** Run and number of a message's name; undefined for any other name. */
export function parseMessageName(name: string): { run: string; seq: number } | undefined {
  const found = /^orch\/([a-z0-9][a-z0-9_-]{0,63})\/m\/(\d{6,15})-[a-z0-9_-]+$/.exec(name);
  return found?.[1] !== undefined && isSafeName(name) ? { run: found[1], seq: Number(found[2]) } : undefined;
}

/** True for a name that we write: lower-case segments without dots, no device of Windows, not under Serena's `global`, at most 120 characters. */
export function isSafeName(name: string): boolean {
  const segments = name.split('/');
  return (
    name.length <= nameMost &&
    segments[0] !== 'global' &&
    segments.every(
      (segment) => /^[a-z0-9][a-z0-9_-]{0,63}$/.test(segment) && !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(segment),
    )
  );
}

/** A name that a model gave, as one of a lasting memory: safe, in at most two parts, never below `orch/` or `global/`. */
export function memoryNameOf(words: string): string {
  const parts = words
    .replace(/[.]md$/i, '')
    .split('/')
    .slice(0, 2);
  const segments = parts.map((part) => slug(part, 40));
  const name = segments.join('/');
  if (isSafeName(name) && !['orch', 'global'].includes(segments[0] ?? '')) return name;
  const note = `notes/${segments.at(-1)}`;
  return isSafeName(note) ? note : `${note}-note`;
}

/** Any word as part of a segment: lower case, digits and hyphens, at most `length`, never empty. Different words may give the same slug. */
export function slug(word: string, length = 20): string {
  const plain = word
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, length)
    .replace(/-+$/, '');
  return plain || 'x';
}

function addressee(to: readonly string[]): string {
  if (to.length === 0 || to.includes('all')) return 'all';
  return to.length === 1 ? (to[0] ?? 'all') : 'several';
}

function safe(run: string, rest: string): string {
  const name = `orch/${run}/${rest}`;
  if (run.includes('/') || !isSafeName(name)) throw new Error(`not a safe memory name: ${name}`);
  return name;
}
