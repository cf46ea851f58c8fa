import assert from 'node:assert/strict';
import { joinLayers } from '../../../src/core/team/layers.ts';
import type { Layer } from '../../../src/core/team/layer.ts';
import { roster } from '../../../src/core/team/roster.ts';
import { meant, nearest } from '../../../src/core/team/suggest.ts';

const builtIn: Layer = { from: 'the built-in team', whose: 'built-in', layer: roster };
const mine = (layer: unknown): Layer => ({ from: 'mine', whose: 'person', layer });
const theirs = (layer: unknown): Layer => ({ from: 'theirs', whose: 'workspace', layer });

function problemsOf(...layers: Layer[]): string[] {
  return joinLayers([builtIn, ...layers]).problems.map(
    ({ from, path, message }) => `${from} ${path.join('.')}: ${message}`,
  );
}

describe('problems of a team file', () => {
  /** What stands in the person's file, and the one problem that it must be told of. */
  const bad: [what: string, layer: unknown, problem: string][] = [
    ['no map', ['roles'], 'mine : A team file is a map of names to values (`roles:`, `checks:`, …).'],
    ['an unknown part', { rolse: {} }, 'mine rolse: `rolse` is not known; did you mean `roles`?'],
    [
      'an unknown field',
      { budget: { call: 3 } },
      'mine budget.call: `budget.call` is not known; did you mean `calls`?',
    ],
    [
      'an unknown field far from any',
      { budget: { zzzzzz: 3 } },
      'mine budget.zzzzzz: `budget.zzzzzz` is not known; there are `calls`, `minutes`, `tokens`, `usd`.',
    ],
    [
      'a wrong kind',
      { budget: { calls: 'many' } },
      'mine budget.calls: `budget.calls` must be a number, not the text `many`.',
    ],
    [
      'a part of a call',
      { budget: { calls: 1.5 } },
      'mine budget.calls: `budget.calls` must be a whole number, not `1.5`.',
    ],
    [
      'nothing where something must be',
      { budget: { calls: 0 } },
      'mine budget.calls: `budget.calls` is `0`, but must be more than 0.',
    ],
    ['too much', { limits: { rounds: 9 } }, 'mine limits.rounds: `limits.rounds` is `9`, but must be at most 5.'],
    ['a list for a map', { roles: [] }, 'mine roles: `roles` must be a map of names to values, not a list.'],
    [
      'an unknown word',
      { stops: { plan: 'allways' } },
      'mine stops.plan: `stops.plan` is `allways`, but must be one of `team`, `always`, `never`; did you mean `always`?',
    ],
    ['another version', { version: 2 }, 'mine version: `version` is `2`, but must be `1`.'],
    [
      'a name that is none',
      { models: { 'GPT 5': {} } },
      'mine models.GPT 5: `models.GPT 5` cannot be a name here: lower case letters, digits, dots and hyphens, starting with a letter.',
    ],
    [
      'a check without a line',
      { checks: [{ name: 'test' }] },
      'mine checks.0.run: `checks[0].run` is missing: A command line, run by the shell in the workspace.',
    ],
    [
      'no models',
      { roles: { critic: { models: [] } } },
      'mine roles.critic.models: `roles.critic.models` must not be empty.',
    ],
    [
      'both program and address',
      { servers: { s: { command: 'a', url: 'https://b.example' } } },
      'mine servers.s: `servers.s`: give either `command` or `url`.',
    ],
    [
      'an address that is none',
      { servers: { s: { url: 'here' } } },
      'mine servers.s.url: `servers.s.url` must be an address such as `https://example.com/mcp`.',
    ],
    [
      'a server that is not there',
      { models: { 'gpt-5': { routes: [{ server: 'agnets', ids: ['x'] }] } } },
      'mine models.gpt-5.routes.0.server: No server is called `agnets`; did you mean `agents`?',
    ],
    [
      'a tool that is not told the prompt',
      { models: { 'gpt-5': { routes: [{ server: 'agents', tool: 'codex', ids: ['x'], arguments: { a: ['x'] } }] } } },
      'mine models.gpt-5.routes.0.tool: The tool `codex` needs `arguments` with `${prompt}` in them, or it would never hear the prompt.',
    ],
    [
      'a model that is not there',
      { roles: { critic: { models: [{ model: 'gemini2.5-pro' }] } } },
      'mine roles.critic.models.0.model: No model is called `gemini2.5-pro`; did you mean `gemini-2.5-pro`?',
    ],
    [
      'an effort that it does not know',
      { roles: { critic: { models: [{ model: 'gemini-2.5-pro', effort: 'high' }] } } },
      'mine roles.critic.models.0.effort: Gemini 2.5 Pro cannot be asked for effort `high`: it knows no efforts.',
    ],
    [
      'an effort that is taken away',
      {
        models: { 'gpt-5-codex': { efforts: ['low', 'medium'] } },
        roles: { orchestrator: { models: [{ model: 'claude-4.5' }] } },
      },
      'mine models.gpt-5-codex.efforts: GPT-5-Codex cannot be asked for effort `high`: it knows low, medium.',
    ],
    [
      'a role that is not there',
      { teams: { default: { review: ['secruity'] } } },
      'mine teams.default.review.0: No role is called `secruity`; did you mean `security`?',
    ],
    [
      'a role twice',
      { teams: { default: { review: ['security', 'architect'] } } },
      'mine teams.default.review.1: `architect` stands in the team `default` twice.',
    ],
    [
      'no orchestrator',
      { teams: { t: { core: ['implementer'] } } },
      'mine teams.t.core: The team `t` has no orchestrator in its core: a role with the duty `orchestrate`.',
    ],
    [
      'no writer',
      { teams: { t: { core: ['orchestrator', 'architect'] } } },
      'mine teams.t.core: The team `t` has no writer in its core: a role with the duty `write`.',
    ],
    [
      'a writer who may not write any more',
      { roles: { implementer: { duties: ['review'] } } },
      'mine roles.implementer.duties: The team `default` has no writer in its core: a role with the duty `write`.',
    ],
    [
      'two orchestrators',
      { roles: { architect: { duties: ['orchestrate'] } } },
      'mine roles.architect.duties: The team `default` has 2 orchestrators (orchestrator, architect); it needs exactly one.',
    ],
    [
      'a team that is not there',
      { team: 'defualt' },
      'mine team: No team is called `defualt`; did you mean `default`?',
    ],
    [
      'two checks of one name',
      {
        checks: [
          { name: 'test', run: 'a' },
          { name: 'test', run: 'b' },
        ],
      },
      'mine checks.1.name: Two checks are called `test`; each needs a name of its own.',
    ],
  ];
  for (const [what, layer, problem] of bad) {
    it(`names ${what}`, () => assert.deepEqual(problemsOf(mine(layer)), [problem]));
  }

  it('names each once, and in the layer that it stands in', () => {
    const found = problemsOf(mine({ budget: { calls: 'x' } }), theirs({ limits: { rounds: 'y' } }));
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['mine budget.calls', 'theirs limits.rounds'],
    );
  });

  it('counts entries of an added list as that file counts them', () => {
    const found = problemsOf(
      mine({ checks: [{ name: 'a', run: 'a' }], commands: ['x'] }),
      theirs({ checks: [{ name: 'b', run: 'b' }, { name: 'c' }], commands: ['x', 3] }),
    );
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['theirs checks.1.run', 'theirs commands.1'],
    );
  });

  it('takes no name for one that JavaScript knows', () => {
    const layer = {
      team: 'constructor',
      teams: { t: { core: ['constructor'] } },
      roles: { critic: { models: [{ model: 'constructor', effort: 'low' }] } },
    };
    const found = problemsOf(mine(layer)).join('\n');
    for (const what of ['model', 'role', 'team'])
      assert.match(found, new RegExp(`No ${what} is called \`constructor\``));
  });

  it('shows nothing that would act on a terminal', () => {
    for (const line of problemsOf(mine({ ['\u001b[31mx']: 1, team: 'a\u202eb' })))
      assert.doesNotMatch(line.split(': ').slice(1).join(': '), /\p{Cc}|\u202e/u);
  });
});

describe('did you mean', () => {
  it('finds what is one slip away', () => {
    const known = ['security', 'critic', 'big-picture', 'gpt-5'];
    const slips: [string, string][] = [
      ['securty', 'security'],
      ['ciritc', 'critic'],
      ['bigpicture', 'big-picture'],
      ['GPT-5', 'gpt-5'],
      ['gpt-6', 'gpt-5'],
    ];
    for (const [slip, wanted] of slips) assert.equal(nearest(slip, known), wanted);
    assert.equal(nearest('orchestrator', known), undefined);
    assert.equal(nearest('x'.repeat(10_000), known), undefined);
  });

  it('lists what there is, when there is little', () => {
    assert.equal(meant('zzz', ['a']), '; there is `a`.');
    assert.equal(meant('zzz', []), '.');
  });
});
