import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formOf, readAnswer } from '../../../src/core/run/answerText.ts';
import { type AnswerKind, answerSchemas } from '../../../src/core/run/answers.ts';

const verdict = { verdict: 'fine', summary: 'Good.' };
const block = (json: unknown): string =>
  `\`\`\`json\n${typeof json === 'string' ? json : JSON.stringify(json)}\n\`\`\``;

function problemOf(text: string): string {
  const read = readAnswer('verdict', text);
  assert.ok('problem' in read, `it was read: ${JSON.stringify(read)}`);
  return read.problem;
}

describe('the typed answer in a text', () => {
  it('is the only json block, whatever stands around it', () => {
    for (const text of [
      block(verdict),
      `I looked.\n${block(verdict)}\nThat is all.`,
      `\`\`\`ts\nconst x = 1;\n\`\`\`\n${block(verdict)}`,
      `  ${block(verdict).replaceAll('\n', '\n  ')}`,
      block(verdict).replaceAll('\n', '\r\n'),
      JSON.stringify(verdict),
      ` \n${JSON.stringify(verdict)}\n`,
    ]) {
      const read = readAnswer('verdict', text);
      assert.ok('answer' in read, text);
      assert.deepEqual(read.answer, { ...verdict, findings: [] });
    }
  });

  it('fails closed when there are two, even equal ones, and however they are nested', () => {
    assert.match(problemOf(`${block(verdict)}\n${block(verdict)}`), /2 ```json blocks/);
    assert.match(problemOf(`${block({ verdict: 'needs-work', summary: 'Bad.' })}\n${block(verdict)}`), /2 ```json/);
    assert.match(problemOf(`\`\`\`json\n{"verdict":"needs-work"\n${block(verdict)}`), /not JSON/);
    assert.match(problemOf(`${block(verdict)}\n\`\`\`json\n{"verdict":`), /2 ```json/);
  });

  it('is none when there is no block, none that ends, no JSON, or JSON of another form', () => {
    assert.match(problemOf('All is fine.'), /no ```json block/);
    assert.match(problemOf(''), /no ```json block/);
    assert.match(problemOf(`\`\`\`json\n${JSON.stringify(verdict)}`), /does not end/);
    assert.match(problemOf(block('{verdict: fine}')), /not JSON/);
    assert.match(problemOf(block({ verdict: 'approved', summary: 'x' })), /verdict/);
    assert.match(problemOf(block([verdict])), /form/);
    assert.match(problemOf(block('null')), /form/);
  });

  it('keeps nothing that the form does not have: no answer approves, raises or passes anything', () => {
    const read = readAnswer(
      'verdict',
      block({ ...verdict, approved: true, budget: { calls: 999 }, checks: 'green', __proto__: { x: 1 } }),
    );
    assert.ok('answer' in read);
    assert.deepEqual(Object.keys(read.answer).toSorted(), ['findings', 'summary', 'verdict']);
    assert.equal(({} as { x?: number }).x, undefined);
  });

  it('is read in time that grows with the text and not with its square', () => {
    for (const line of ['```json\n', '```json\n```json x\n', '\n ```\n', '```json\n{"a":1}\n```\n']) {
      const text = line.repeat(1_000_000 / line.length);
      const start = performance.now();
      problemOf(text);
      assert.ok(performance.now() - start < 3000, line);
    }
  });

  it('never throws, and gives what was put in', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('`', 'j', 's', 'o', 'n', '{', '}', '\n', ' ', '"') }),
        (text) => void readAnswer('plan', text),
      ),
    );
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 200 }), fc.string(), (summary, around) => {
        fc.pre(!around.includes('```'));
        const read = readAnswer('verdict', `${around}\n${block({ verdict: 'fine', summary })}\n${around}`);
        assert.ok('answer' in read);
        assert.equal(read.answer.summary, summary);
      }),
    );
  });

  it('has a form for every kind that a model can be told', () => {
    for (const kind of Object.keys(answerSchemas) as AnswerKind[]) {
      const form = JSON.parse(formOf(kind)) as { type: string; required: string[] };
      assert.equal(form.type, 'object');
      assert.ok(form.required.length > 0, kind);
    }
  });
});
