import { UserError } from '../core/errors.ts';
import type { Budget } from '../core/team/file.ts';

const form = 'Write 30calls, 20m (minutes), 400k (tokens) or 2usd.';

const units: readonly {
  readonly key: keyof Budget;
  readonly words: RegExp;
  readonly scale: (unit: string) => number;
}[] = [
  { key: 'calls', words: /^calls?$/, scale: () => 1 },
  { key: 'minutes', words: /^(m|min|mins|minutes?|h|hours?)$/, scale: (unit) => (unit.startsWith('h') ? 60 : 1) },
  {
    key: 'tokens',
    words: /^(k|ktokens?|tokens?|mtokens?)$/,
    scale: (unit) => (unit.startsWith('k') ? 1000 : unit.startsWith('mt') ? 1e6 : 1),
  },
  { key: 'usd', words: /^(usd|\$)$/, scale: () => 1 },
];

/** The budget that the person gave with `--budget`, one part each; undefined when none was given. Throws `UserError` (`usage`). */
export function parseBudget(flags: readonly string[]): Partial<Budget> | undefined {
  if (flags.length === 0) return undefined;
  const budget: Partial<Record<keyof Budget, number>> = {};
  for (const flag of flags) {
    const { key, amount } = onePart(flag);
    if (budget[key] !== undefined) throw usage(`--budget says ${key} twice: once is enough.`);
    budget[key] = amount;
  }
  return budget;
}

function onePart(flag: string): { key: keyof Budget; amount: number } {
  const text = flag.trim();
  // Text that is no number, or has an exponent, sign or hexadecimal prefix, does not match.
  const dollars = /^\$\s*(\d{1,12}(?:\.\d{1,6})?)$/.exec(text);
  const match = dollars ? [text, dollars[1], 'usd'] : /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z$]+)$/i.exec(text);
  if (!match) throw usage(`--budget does not understand "${flag}". ${form}`);
  const [, digits = '', written = ''] = match;
  if (written === 'M')
    throw usage(`--budget "${flag}" could be minutes or millions of tokens. Write ${digits}m or ${digits}mtokens.`);
  const unit = written.toLowerCase();
  const found = units.find((candidate) => candidate.words.test(unit));
  if (!found) throw usage(`--budget does not know the unit "${written}" in "${flag}". ${form}`);
  const amount = Number(digits) * found.scale(unit);
  if (!(amount > 0)) throw usage(`--budget "${flag}" must be more than 0.`);
  if (found.key === 'calls' && !Number.isInteger(amount)) throw usage(`--budget "${flag}": calls are counted whole.`);
  return { key: found.key, amount: found.key === 'tokens' ? Math.round(amount) : amount };
}

const usage = (message: string) => new UserError('usage', message, { hint: 'orchestra run --help' });
