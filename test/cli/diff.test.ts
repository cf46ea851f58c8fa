import assert from 'node:assert/strict';
import { diffLines, diffSize, exactDiff } from '../../src/cli/view/diff.ts';
import { reportLines } from '../../src/cli/view/ending.ts';
import type { Look } from '../../src/cli/view/look.ts';

const look: Look = { width: 40, color: false, unicode: true };

const diff = [
  'diff --git a/src/a.ts b/src/a.ts',
  'index 111..222 100644',
  '--- a/src/a.ts',
  '+++ b/src/a.ts',
  '@@ -1,3 +1,3 @@',
  ' same',
  '--- not a header',
  '+++ not a header either',
  'diff --git a/new.ts b/new.ts',
  'new file mode 100644',
  'index 000..333',
  '--- /dev/null',
  '+++ b/new.ts',
  '@@ -0,0 +1 @@',
  `+${'long '.repeat(20)}`,
  'diff --git a/old.png b/old.png',
  'deleted file mode 100644',
  'index 444..000',
  'Binary files a/old.png and /dev/null differ',
  'diff --git a/run.sh b/run.sh',
  'old mode 100644',
  'new mode 100755',
  '',
].join('\n');

describe('a diff for reading', () => {
  it('names each file once and cuts its lines', () => {
    assert.deepEqual(diffLines(diff, look), [
      'src/a.ts',
      '@@ -1,3 +1,3 @@',
      ' same',
      '--- not a header',
      '+++ not a header either',
      '',
      'new.ts  new',
      '@@ -0,0 +1 @@',
      '+long long long long long long long lon…',
      '',
      'a/old.png b/old.png  deleted  binary',
      '',
      'a/run.sh b/run.sh  mode 100755',
    ]);
  });

  it('says how much it does not show, and where that is', () => {
    const lines = diffLines(diff, look, { lines: 3, pointer: 'orchestra show' });
    assert.deepEqual(lines.slice(3), ['… 10 more lines: orchestra show']);
    assert.deepEqual(diffLines('', look), []);
  });

  it('takes no line of a file for a header', () => {
    const text = 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n+a\rdiff --git a/fake b/fake\n+b\u2028@@ fake\n';
    assert.deepEqual(diffLines(text, look).slice(2), ['+a diff --git a/fake b/fake', '+b @@ fake']);
  });

  it('counts what it adds and takes out', () => {
    assert.deepEqual(diffSize(diff), { files: 4, added: 2, removed: 1 });
  });
});

describe('a diff for deciding', () => {
  it('is whole, with what could not be seen', () => {
    const text = `diff --git a/x b/x\n@@ -1 +1 @@\n+${'long '.repeat(60)}\u202e\n`;
    assert.deepEqual(exactDiff(text, look).join('\n'), text.trimEnd().replace('\u202e', '\\u202e'));
    assert.equal(exactDiff(diff, look).length, diff.trimEnd().split('\n').length);
  });
});

describe('a report', () => {
  it('keeps its form, without the sections that stand elsewhere', () => {
    const report = '# Title\n\n## Findings\n- one\n\n## Checks\n- a check that is long enough to be wrapped\n';
    assert.deepEqual(reportLines(report, look, ['Findings']), [
      'Title',
      '',
      'Checks',
      '- a check that is long enough to be',
      '  wrapped',
    ]);
  });
});
