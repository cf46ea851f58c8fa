import assert from 'node:assert/strict';
import { runEventSchema } from '../../src/core/run/events.ts';
import { jsonEnd, jsonLine, jsonLineJsonSchema, jsonLineSchema, safe } from '../../src/cli/jsonEvents.ts';
import { journal, run } from '../fixtures/cli/story.ts';
import { whole } from '../fixtures/cli/wholeStory.ts';

const parse = (line: string): Record<string, unknown> => JSON.parse(line) as Record<string, unknown>;

describe('--json', () => {
  it('gives every record as one line of the published schema', () => {
    for (const record of journal(whole)) {
      const line = jsonLine(record, run);
      assert.doesNotMatch(line, /\n/);
      const parsed = parse(line);
      jsonLineSchema.parse(parsed);
      const { run: of, seq, at, ...event } = parsed;
      assert.deepEqual([of, seq, at], [run, record.seq, record.at]);
      if (record.event.type !== 'run.ended')
        assert.deepEqual(runEventSchema.parse(event), JSON.parse(JSON.stringify(record.event)));
    }
  });

  it('ends with run.ended; a spent budget is stopped, with its reason', () => {
    const [spent] = journal([[0, { type: 'run.ended', outcome: 'spent', reason: '30 of 30 calls.' }]]);
    assert.ok(spent);
    const line = parse(jsonLine(spent, run));
    assert.deepEqual([line['type'], line['outcome'], line['reason']], ['run.ended', 'stopped', '30 of 30 calls.']);
    const [silent] = journal([[0, { type: 'run.ended', outcome: 'spent' }]]);
    assert.ok(silent);
    assert.equal(parse(jsonLine(silent, run))['reason'], 'The budget is spent.');
    jsonLineSchema.parse(parse(jsonEnd(run, 'failed', new Date().toISOString(), 'no')));
  });

  it('holds nothing that a terminal would obey', () => {
    const line = safe({ text: '\u001b[2J\u009b2J\u202e\u2028\u007f' });
    assert.match(line, /^[\x20-\x7e]*$/);
    assert.equal(parse(line)['text'], '\u001b[2J\u009b2J\u202e\u2028\u007f');
  });

  it('has a schema for every event', () => {
    const schema = jsonLineJsonSchema() as { oneOf?: object[]; anyOf?: object[] };
    assert.equal((schema.oneOf ?? schema.anyOf)?.length, runEventSchema.options.length);
  });
});
