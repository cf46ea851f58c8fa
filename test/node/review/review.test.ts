import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { UserError } from '../../../src/core/errors.ts';
import { filePart } from '../../../src/core/review/part.ts';
import { decisionsOf } from '../../../src/core/review/decisions.ts';
import { reviewSummary } from '../../../src/core/review/summary.ts';
import type { Review } from '../../../src/core/review/review.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import { look as lookAt, type Tree } from '../apply/tree.ts';
import { type Made, madeReady, never } from './made.ts';

// `after` is the change here.
const suiteEnd = globalThis.after;
const windows = process.platform === 'win32';
const lines = (...changed: [number, string][]): string =>
  Array.from({ length: 12 }, (_, n) => `${changed.find(([at]) => at === n)?.[1] ?? n}\n`).join('');

const before: Tree = {
  text: lines(),
  crlf: 'a\r\nb\r\nc\r\nd\r\ne\r\n',
  'open-end': 'a\nb\nc',
  bom: '\ufeffa\nb\nc\nd\n',
  bytes: Buffer.from([0, 1, 2, 255]),
  gone: 'gone\n',
  'old/name': 'q\nr\ns\nt\n',
  same: 'same\n',
  tool: 'one\ntwo\nthree\n',
  ...(windows ? {} : { link: { link: 'text' } }),
};
const after: Tree = {
  text: lines([1, 'one'], [9, 'nine']),
  crlf: 'A\r\nb\r\nc\r\nd\r\nE\r\n',
  'open-end': 'A\nb\nc\n',
  bom: '\ufeffA\nb\nc\nD\n',
  bytes: Buffer.from([0, 9, 9]),
  gone: undefined,
  'old/name': undefined,
  'new/name': 'q\nr\ns\nT\n',
  made: 'made\n',
  tool: windows ? 'ONE\ntwo\nthree\n' : { exec: 'ONE\ntwo\nthree\n' },
  ...(windows ? {} : { link: { link: 'same' } }),
};

/** The person's own: without the memories of the run. */
const look = async (root: string): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await lookAt(root)).filter(([path]) => !path.startsWith('.serena/')));
const idsOf = (review: Review): string[] => review.files.flatMap((file) => file.hunks.map((hunk) => hunk.id));

describe('the review of a change with a bit of everything', function () {
  this.timeout(240_000);
  let made: Made;
  let was: Record<string, string>;
  beforeEach(async () => {
    made = await madeReady(before, after);
    was = await look(made.root);
  });
  afterEach(() => made.remove());

  it('shows what each file is', async () => {
    const { review } = await (await made.project.review(made.run, 'ana')).read(never);
    assert.deepEqual(
      review.files.map((file) => [file.path, file.kind, file.hunks.map((hunk) => hunk.kind).join()]),
      [
        ['bom', 'changed', 'text,text'],
        ['bytes', 'changed', 'whole'],
        ['crlf', 'changed', 'text,text'],
        ['gone', 'deleted', 'whole'],
        ...(windows ? [] : [['link', 'changed', 'whole']]),
        ['made', 'new', 'whole'],
        ['new/name', 'renamed', 'whole,whole'],
        ['open-end', 'changed', 'text,text'],
        ['text', 'changed', 'text,text'],
        ['tool', 'changed', windows ? 'text' : 'text,mode'],
      ],
    );
    assert.equal(review.files.find((file) => file.path === 'new/name')?.from, 'old/name');
    assert.equal(
      review.files.find((file) => file.path === 'open-end')?.hunks[1]?.note,
      'adds the end of the last line',
    );
  });

  it('writes just what was kept, whatever it is, byte for byte; one undo takes it back', async () => {
    const open = await made.project.review(made.run, 'ana');
    const { review } = await open.read(never);
    const files = review.files.flatMap((file) => file.changes);
    const all = idsOf(review).filter((id) => !/old\/name|new\/name/.test(id));
    // Every hunk is in some part without its neighbour, and out of another.
    for (const turn of [0, 1, 2]) {
      const kept = all.filter((_, n) => (turn === 2 ? n % 3 === 0 : n % 2 === turn));
      if (turn === 0) kept.push('final:new/name:1');
      await open.decide(review, idsOf(review), 'undo', never);
      const state = await open.decide(review, kept, 'keep', never);
      const decisions = decisionsOf(state.review);
      assert.equal(decisions.get('final:old/name:1'), turn === 0 ? 'keep' : 'undo', 'both halves of a rename');
      const end = await open.finish({ rest: 'undo', check: true }, made.host({ approve: async () => 'yes' }));
      assert.equal(end.outcome, 'applied', end.reason);
      const now = await look(made.root);
      const chosen = new Set([...decisions].flatMap(([id, decision]) => (decision === 'keep' ? [id] : [])));
      const whole = await look(await wholeTree());
      for (const file of files) {
        const part = filePart(file, hunksOf('final', [file]), chosen);
        const expected =
          part.kind === 'base'
            ? was[file.path]
            : part.kind === 'final'
              ? whole[file.path]
              : `${(part.mode === 'base' ? was : whole)[file.path]?.slice(0, 4)}${Buffer.from(part.text).toString('latin1')}`;
        assert.equal(now[file.path], expected, `${file.path}, turn ${turn}`);
      }
      assert.equal(now['same'], was['same']);
      assert.equal(reviewSummary(end.state)?.state, 'applied');
      await assert.rejects(open.decide(review, kept, 'undo', never), isError('already-applied'));
      await made.project.undo(made.run, made.host());
      assert.deepEqual(await look(made.root), was);
    }
  });

  /** The change as a whole, in a folder of its own. */
  let whole: Made | undefined;
  async function wholeTree(): Promise<string> {
    if (whole) return whole.root;
    const keep = [process.env['ORCHESTRA_CACHE'], process.env['ORCHESTRA_PROFILE']];
    whole = await madeReady(before, after);
    await whole.project.apply(whole.run, whole.host({ approve: async () => 'yes' }));
    [process.env['ORCHESTRA_CACHE'], process.env['ORCHESTRA_PROFILE']] = keep;
    return whole.root;
  }
  suiteEnd(() => whole?.remove());
});

describe("the person's own work during a review", function () {
  let made: Made;
  beforeEach(async () => {
    made = await madeReady({ a: lines(), b: 'b\n' }, { a: lines([1, 'one'], [9, 'nine']), b: 'B\n' });
  });
  afterEach(() => made.remove());

  it('is kept: what lies apart is merged, what clashes writes nothing', async () => {
    const open = await made.project.review(made.run, 'ana');
    const { review } = await open.read(never);
    await writeFile(join(made.root, 'a'), lines([5, 'mine'], [9, 'mine, too']));
    assert.deepEqual(
      (await open.now(review.files[0]!)).map((now) => [now.is, now.there]),
      [['other', true]],
    );
    await open.decide(review, ['final:a:1', 'final:a:2', 'final:b:1'], 'keep', never);
    const clash = await open.finish({ rest: 'undo', check: false }, made.host());
    assert.equal(clash.outcome, 'ready');
    assert.match(clash.reason ?? '', /a: you have changed the same lines/);
    assert.ok((await look(made.root))['b']?.endsWith('b\n'), 'nothing was written');
    await open.decide(review, ['final:a:2'], 'undo', never);
    const end = await open.finish({ rest: 'undo', check: false }, made.host());
    assert.equal(end.outcome, 'applied', end.reason);
    const now = await look(made.root);
    assert.ok(now['a']?.endsWith(lines([1, 'one'], [5, 'mine'], [9, 'mine, too'])), now['a']);
    assert.ok(now['b']?.endsWith('B\n'));
  });

  it('of another process that is at work on the run keeps decisions out, with a clear word', async () => {
    const open = await made.project.review(made.run, 'ana');
    const { review } = await open.read(never);
    const lease = await acquireLease(made.folder, { signal: never });
    await assert.rejects(open.decide(review, ['final:a:1'], 'keep', never), isError('run-owned'));
    await lease.release();
    await open.decide(review, ['final:a:1'], 'keep', never);
    // Another window, opened now, sees it, and can take it back.
    const other = await made.project.review(made.run, 'bo');
    assert.deepEqual(Object.fromEntries(decisionsOf((await other.read(never)).state.review)), { 'final:a:1': 'keep' });
    await other.takeBack(never);
    await assert.rejects(other.takeBack(never), isError('nothing-to-take-back'));
    await assert.rejects(open.decide(review, ['final:z:1'], 'keep', never), isError('unknown-hunk'));
    assert.equal((await made.project.find(made.run)).state, 'ready');
  });

  it('at the journal alone is enough to go on after the process is gone', async () => {
    const open = await made.project.review(made.run, 'ana');
    const { review } = await open.read(never);
    await Promise.all([
      open.decide(review, ['final:a:1'], 'keep', never),
      open.decide(review, ['final:b:1'], 'undo', never),
      open.decide(review, ['final:a:2'], 'keep', never),
    ]);
    const again = await (await made.project.review(made.run, 'ana')).read(never);
    assert.deepEqual(Object.fromEntries(decisionsOf(again.state.review)), {
      'final:a:1': 'keep',
      'final:b:1': 'undo',
      'final:a:2': 'keep',
    });
  });
});

describe('a held file in a review', function () {
  it('wants a yes of its own for just what is kept of it, and stays back without', async () => {
    const manifest = (test: string, name: string): string =>
      `{\n  "name": "${name}",\n  "x": 1,\n  "scripts": {\n    "test": "${test}"\n  }\n}\n`;
    const made = await madeReady(
      { 'package.json': manifest('a', 'n'), b: 'b\n' },
      { 'package.json': manifest('evil', 'm'), b: 'B\n' },
    );
    try {
      const open = await made.project.review(made.run, 'ana');
      const { review } = await open.read(never);
      const asked: string[] = [];
      const host = (answer: 'yes' | 'no') =>
        made.host({
          approve: async (file, diff) => (asked.push(`${file.path} ${file.code} ${/evil/.test(diff)}`), answer),
        });
      await open.decide(review, idsOf(review), 'keep', never);
      const back = await open.finish({ rest: 'undo', check: false }, host('no'));
      assert.equal(back.outcome, 'applied');
      assert.match(back.reason ?? '', /Held back: package\.json/);
      assert.ok((await look(made.root))['package.json']?.includes('"a"'));
      await made.project.undo(made.run, made.host());
      // Without the script it is harmless, and nobody is asked.
      await open.decide(
        review,
        review.files
          .find((f) => f.path === 'package.json')!
          .hunks.slice(1)
          .map((h) => h.id),
        'undo',
        never,
      );
      const count = asked.length;
      const harmless = await open.finish({ rest: 'undo', check: false }, host('no'));
      assert.deepEqual([harmless.outcome, harmless.reason], ['applied', undefined]);
      assert.equal(asked.length, count);
      assert.ok((await look(made.root))['package.json']?.includes('"m"'));
      await made.project.undo(made.run, made.host());
      await open.decide(review, idsOf(review), 'keep', never);
      assert.equal((await open.finish({ rest: 'undo', check: false }, host('yes'))).outcome, 'applied');
      assert.deepEqual([...new Set(asked)], ['package.json package-manager true']);
      assert.ok((await look(made.root))['package.json']?.includes('evil'));
    } finally {
      await made.remove();
    }
  });
});

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof UserError && error.code === code;
}
