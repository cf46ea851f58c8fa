import assert from 'node:assert/strict';
import { finalHunkSchema, ledgerEntrySchema } from '../../../src/core/change/change.ts';
import type { Decision } from '../../../src/core/change/fileCase.ts';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { makeLedger } from '../../../src/core/change/ledger.ts';
import type { Ledger, LedgerInput } from '../../../src/core/change/ledger.ts';
import { fileChange } from './texts.ts';

type Text = string | undefined;

/** A ledger over one file: its base, what each writer made of it, the merged text and the final one. */
export function ledgerOf(
  base: Text,
  all: Record<string, Text>,
  merged: Text,
  more: { final?: Text; fates?: Decision[]; resolution?: string; integrated?: boolean } = {},
): Ledger {
  const final = 'final' in more ? more.final : merged;
  const change = (before: Text, after: Text) => (before === after ? [] : [fileChange('f', before, after)]);
  const input: LedgerInput = {
    final: change(base, final),
    changes: Object.entries(all).map(([name, after]) => ({
      change: name,
      writer: `writer-${name}`,
      files: change(base, after),
    })),
    fates: more.fates ?? [],
    integration: change(merged, final),
    ...(more.resolution === undefined ? {} : { resolutions: [{ path: 'f', id: more.resolution }] }),
  };
  const ledger = makeLedger(input);
  const hunks = input.changes.flatMap(({ change: name, files }) => hunksOf(name, files));
  assert.deepEqual(
    ledger.entries.map((entry) => entry.hunk),
    hunks.map((hunk) => hunk.id),
    'one entry a hunk',
  );
  for (const entry of ledger.entries) assert.deepEqual(ledgerEntrySchema.parse(entry), entry);
  for (const hunk of ledger.hunks) assert.deepEqual(finalHunkSchema.parse(hunk), hunk);
  assert.equal(ledger.balanced, ledger.problems.length === 0);
  for (const problem of ledger.problems) assert.match(problem, /^[^\n]+\.$/);
  return ledger;
}

export const fatesOf = (ledger: Ledger) => ledger.entries.map(({ fate, by }) => (by ? `${fate} by ${by}` : fate));
export const balanced = (ledger: Ledger) => assert.deepEqual(ledger.problems, []);
export const fails = (ledger: Ledger, pattern: RegExp) => assert.match(ledger.problems.join('\n'), pattern);

export const base = 'a\nb\nc\nd\ne\n';
