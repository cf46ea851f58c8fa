import assert from 'node:assert/strict';
import { castTeam } from '../../../src/core/team/choose.ts';
import { forecast } from '../../../src/core/team/forecast.ts';
import type { ForecastSizes } from '../../../src/core/team/forecast.ts';
import type { TeamFile } from '../../../src/core/team/file.ts';
import { joinLayers } from '../../../src/core/team/layers.ts';
import { roster } from '../../../src/core/team/roster.ts';
import { forecastSchema } from '../../../src/core/run/forecast.ts';

function teamOf(mine: unknown = {}): TeamFile {
  const { team } = joinLayers([
    { from: 'built-in', whose: 'built-in', layer: roster },
    { from: 'mine', whose: 'person', layer: mine },
  ]);
  assert.ok(team);
  return team;
}

const sizes: ForecastSizes = { size: 'core', taskBytes: 400, codeTokens: 50_000 };

function forecastOf(
  size: ForecastSizes['size'],
  specialists: string[] = [],
  team = teamOf(),
  more: Partial<ForecastSizes> = {},
) {
  const triage = { title: 't', size, specialists, paths: ['**'], why: '' };
  const { cast } = castTeam({ team, name: 'default', triage, reachable: () => ({ ok: true }) });
  const made = forecast(team, cast, { ...sizes, size, ...more });
  forecastSchema.parse(made);
  for (const range of [made.calls, made.tokens, made.minutes, made.usd ?? [0, 0]]) assert.ok(range[0] <= range[1]);
  return made;
}

describe('the forecast', () => {
  it('counts calls by its formula', () => {
    // triage, written; once again, and a mending
    assert.deepEqual(forecastOf('one').calls, [2, 4]);
    // triage, architect and big-picture, plan, written, integration; once again, and a mending
    assert.deepEqual(forecastOf('core').calls, [6, 8]);
    // and with two reviewers and a second writer: criteria 2, verdicts 2 to 2·2·2, written to 4, resolution to 1
    assert.deepEqual(forecastOf('review', ['refactoring']).calls, [3 + 5 + 2 + 2 + 1, 3 + 5 + 2 + 8 + 4 + 1 + 1]);
  });

  it('knows no second round where none is allowed', () => {
    assert.deepEqual(forecastOf('one', [], teamOf({ limits: { rounds: 0, fixes: 0 } })).calls, [2, 2]);
  });

  it('has money only if every model has a price', () => {
    const priced = forecastOf('core');
    assert.ok(priced.usd && priced.usd[0] > 0);
    const { usd } = forecastOf(
      'core',
      [],
      teamOf({
        models: { local: { title: 'L', vendor: 'V', routes: [{ server: 'keys', ids: ['l'] }] } },
        roles: { architect: { models: [{ model: 'local' }] } },
      }),
    );
    assert.equal(usd, undefined);
  });

  it('counts the packed code base once, as far as the model takes it in', () => {
    const small = forecastOf('core', [], teamOf(), { codeTokens: 1000 });
    const large = forecastOf('core', [], teamOf(), { codeTokens: 101_000 });
    const huge = forecastOf('core', [], teamOf(), { codeTokens: 1e9 });
    assert.equal(large.tokens[0] - small.tokens[0], 100_000);
    assert.equal(huge.tokens[0] - small.tokens[0], 1_048_576 * 0.75 - 1000);
  });

  it('grows with the team', () => {
    const [one, core, review] = [forecastOf('one'), forecastOf('core'), forecastOf('review')];
    for (const field of ['calls', 'tokens', 'usd', 'minutes'] as const) {
      assert.ok((one[field]?.[1] ?? 0) < (core[field]?.[1] ?? 0), field);
      assert.ok((core[field]?.[1] ?? 0) < (review[field]?.[1] ?? 0), field);
    }
  });
});
