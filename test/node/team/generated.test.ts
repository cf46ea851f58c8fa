import assert from 'node:assert/strict';
import { z } from 'zod';
import { teamFileSchema } from '../../../src/core/team/file.ts';
import { roster } from '../../../src/core/team/roster.ts';
import { eventsSchema, reference, stale, teamSchema, withReference } from '../../generated.ts';
import type { SchemaNode } from '../../generated.ts';

describe('generated files', () => {
  it('are as their sources say', async () => {
    assert.deepEqual(
      (await stale()).map(({ path }) => path),
      [],
      'run `npm run generate`',
    );
  });

  it('let an editor accept an entry that gives only what it changes', () => {
    const { properties } = teamSchema();
    for (const part of ['servers', 'models', 'roles', 'teams']) {
      const entry = properties?.[part]?.additionalProperties as SchemaNode;
      assert.equal(entry.required, undefined, part);
      assert.equal(entry.additionalProperties, false, part);
    }
    // In lists every entry stands for itself.
    assert.deepEqual(properties?.['checks']?.items?.required, ['name', 'run']);
  });

  it('describe every part of the team file', () => {
    const table = reference();
    for (const field of Object.keys(teamFileSchema.shape))
      assert.match(table, new RegExp(`^\\| \`${field}[\`.[]`, 'm'));
    for (const row of table.split('\n')) assert.equal(row.replaceAll('\\|', '').split('|').length, 6, row);
    assert.equal(z.safeParse(teamFileSchema, roster).success, true);
  });

  it('have one line of --json for every event, open for more fields', () => {
    const { oneOf } = eventsSchema();
    assert.ok(oneOf && oneOf.length > 30);
    for (const line of oneOf) {
      assert.ok(['type', 'run', 'seq', 'at'].every((field) => line.required?.includes(field)));
      assert.equal(line.additionalProperties, undefined);
    }
  });

  it('keep what a person wrote around the reference, and need no README', () => {
    const page =
      '# Title\n\n<!-- team file reference: made by `npm run generate` -->\nold\n<!-- end of team file reference -->\n\nEnd.\n';
    const made = withReference(page) ?? '';
    assert.match(made, /^# Title\n\n<!-- team file reference: .*-->\n\| field/);
    assert.match(made, /\|\n<!-- end of team file reference -->\n\nEnd\.\n$/);
    assert.equal(withReference(made), made);
    assert.equal(withReference('# Title\n'), undefined);
    assert.equal(withReference(undefined), undefined);
  });
});
