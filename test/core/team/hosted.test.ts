import assert from 'node:assert/strict';
import { withHosted } from '../../../src/core/team/hosted.ts';
import { joinLayers } from '../../../src/core/team/layers.ts';
import { roster } from '../../../src/core/team/roster.ts';
import type { TeamLayer } from '../../../src/core/team/file.ts';

const teamWith = (values: TeamLayer) => {
  const { team } = joinLayers([
    { from: 'the built-in team', whose: 'built-in', layer: roster },
    { from: 'team.yaml', whose: 'person', layer: values },
  ]);
  assert.ok(team);
  return team;
};

describe('what the host serves itself', () => {
  const over = (team: ReturnType<typeof teamWith>): string[] =>
    Object.entries(withHosted(team, ['vscode-lm']).models).flatMap(([name, { routes }]) =>
      routes.some((route) => route.server === 'vscode-lm') ? [name] : [],
    );

  it('is a way to every model with an id, after all others', () => {
    const team = withHosted(teamWith({ version: 1 }), ['vscode-lm']);
    assert.equal(team.models['gpt-5']?.routes.at(-1)?.server, 'vscode-lm');
    assert.ok(team.models['gpt-5']?.routes.at(-1)?.ids.includes('gpt-5'));
    assert.ok(over(teamWith({ version: 1 })).length > 3);
  });

  it('is none where the team file switches it off', () => {
    assert.deepEqual(over(teamWith({ version: 1, off: ['vscode-lm'] })), []);
  });
});
