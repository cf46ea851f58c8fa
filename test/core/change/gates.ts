import assert from 'node:assert/strict';
import { gateVerdictSchema } from '../../../src/core/change/change.ts';
import type { FileChange, FileSide } from '../../../src/core/change/change.ts';
import { judgeChange } from '../../../src/core/change/gate.ts';
import type { GateOptions } from '../../../src/core/change/gate.ts';
import { side } from './texts.ts';

export const options: GateOptions = { files: 100 };
export const link = (target: string): FileSide => ({ mode: '120000', sha: `link ${target}`, text: target });
export const make = (path: string, after: string | FileSide = 'x\n', before?: string | FileSide): FileChange => {
  const sideOf = (one: string | FileSide) => (typeof one === 'string' ? side(one) : one);
  return { path, ...(before === undefined ? {} : { before: sideOf(before) }), after: sideOf(after) };
};

/** `refused path-git`, `held ci`, `pass`, of each file. */
export function verdicts(files: readonly FileChange[], more: Partial<GateOptions> = {}): string[] {
  const all = judgeChange(files, { ...options, ...more });
  assert.deepEqual(
    all.map(({ path }) => path),
    files.map(({ path }) => path),
  );
  for (const [n, verdict] of all.entries()) {
    assert.deepEqual(gateVerdictSchema.parse(verdict), verdict);
    const { after } = files[n]!;
    assert.equal(verdict.content, after ? `${after.mode} ${after.sha}` : 'deleted');
    if (verdict.verdict === 'pass') assert.deepEqual([verdict.code, verdict.reason], [undefined, undefined]);
    else assert.match(verdict.reason!, /^[A-Z"][^\n]*\.$/);
  }
  return all.map(({ verdict, code }) => (code === undefined ? verdict : `${verdict} ${code}`));
}

export const one = (file: FileChange, more?: Partial<GateOptions>) => verdicts([file], more)[0];

/** The words of a text. */
export const words = (text: string) => text.trim().split(/\s+/);
