import assert from 'node:assert/strict';
import { castTeam } from '../../../src/core/team/choose.ts';
import { briefs } from '../../../src/core/team/briefs.ts';
import { joinLayers } from '../../../src/core/team/layers.ts';
import { roster } from '../../../src/core/team/roster.ts';
import type { TeamFile } from '../../../src/core/team/file.ts';

/** The mission's list of models, in its order, word for word. */
const missionModels = [
  'Claude 4.5',
  'GPT-5-Codex',
  'cheetah',
  'code-supernova-1-million',
  'GPT-5',
  'Gemini 2.5 Flash',
  'Gemini 2.5 Pro',
  'Grok 4 code',
];

/** The mission's roles as it writes them, the part of the team they stand in, and our name for each. */
const missionRoles: [part: 'core' | 'review' | 'specialists', words: string, role: string][] = [
  ['core', 'Orchestrator: Claude 4.5', 'orchestrator'],
  ['core', 'Architect: GPT-5 High', 'architect'],
  ['core', 'Implementer: GPT-5-Codex High', 'implementer'],
  ['core', 'Big-Picture: code-supernova-1-million', 'big-picture'],
  ['review', 'Security: GPT-5 Medium', 'security'],
  ['review', 'Code Review: GPT-5 Low', 'reviewer'],
  ['review', 'Alternative: Gemini 2.5 Pro', 'alternative'],
  ['review', 'Quick Check: Gemini 2.5 Flash', 'quick-check'],
  ['review', 'Critic: Gemini 2.5 Pro', 'critic'],
  ['specialists', 'Refactoring: Grok 4 code', 'refactoring'],
  ['specialists', 'Performance: GPT-5-Codex Medium', 'optimizer'],
  ['specialists', 'Fast Fixes: GPT-5-Codex Low', 'fast-fixes'],
  ['specialists', 'Quick Iterations: cheetah', 'quick'],
];

/** The mission's workflow: who analyses, who writes, who judges. */
const workflow = {
  orchestrate: ['orchestrator'],
  analyse: ['architect', 'security', 'critic', 'big-picture', 'alternative'],
  write: ['implementer', 'refactoring', 'fast-fixes', 'quick'],
  review: ['reviewer', 'optimizer', 'quick-check'],
};

/** Whose key reaches what an agent reaches. */
const providers: Record<string, string> = { claude: 'anthropic', codex: 'openai', gemini: 'google', grok: 'xai' };

/** A model's id without vendor and date, as OpenRouter writes it or the vendor. */
const plainId = (id: string): string =>
  id
    .replace(/^.*\//, '')
    .replaceAll('.', '-')
    .replace(/-\d{8}$/, '');

/** What became of each model by November 2026: its own id, then its declared successors, as the vendors name them. */
const fates: Record<string, { own: string; successors: string[]; agent?: string; dead: boolean }> = {
  'claude-4.5': {
    own: 'claude-sonnet-4-5-20250929',
    successors: [
      'claude-opus-4-5-20251101',
      'claude-haiku-4-5-20251001',
      'claude-sonnet-5-5',
      'claude-haiku-5-5',
      'claude-opus-5-5',
      'claude-fable-5-2',
      'claude-fable-5-1',
    ],
    agent: 'claude',
    dead: false,
  },
  'gpt-5-codex': {
    own: 'gpt-5-codex',
    successors: ['gpt-6.2-sol', 'gpt-6.1-sol', 'gpt-6-sol', 'gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna'],
    agent: 'codex',
    dead: true,
  },
  cheetah: { own: 'cheetah', successors: ['composer-2.5'], agent: 'cursor', dead: true },
  'code-supernova-1-million': { own: '', successors: [], dead: true },
  'gpt-5': {
    own: 'gpt-5',
    successors: ['gpt-6.2-sol', 'gpt-6.1-sol', 'gpt-6-sol', 'gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna'],
    agent: 'codex',
    dead: false,
  },
  'gemini-2.5-flash': {
    own: 'gemini-2.5-flash',
    successors: ['gemini-3.5-flash-lite', 'gemini-3.8-flash'],
    agent: 'gemini',
    dead: false,
  },
  'gemini-2.5-pro': {
    own: 'gemini-2.5-pro',
    successors: ['gemini-3.1-pro-preview', 'gemini-3.8-flash'],
    agent: 'gemini',
    dead: false,
  },
  'grok-4-code': {
    own: 'grok-code-fast-1',
    successors: ['grok-4.7', 'grok-4.6', 'grok-4.3'],
    agent: 'grok',
    dead: true,
  },
};

function builtIn(): TeamFile {
  const { team, problems } = joinLayers([{ from: 'built-in', whose: 'built-in', layer: roster }]);
  assert.deepEqual(problems, []);
  assert.ok(team);
  return team;
}

describe('the built-in roster', () => {
  const team = builtIn();

  it('has the mission’s models in its order and words', () => {
    assert.deepEqual(
      Object.values(team.models).map(({ title }) => title),
      missionModels,
    );
  });

  it('has the mission’s teams, and no other role', () => {
    const parts = { core: [] as string[], review: [] as string[], specialists: [] as string[] };
    for (const [part, , role] of missionRoles) parts[part].push(role);
    for (const part of ['core', 'review', 'specialists'] as const) {
      assert.deepEqual(team.teams['default']?.[part].toSorted(), parts[part].toSorted(), part);
    }
    assert.deepEqual(Object.keys(team.roles).toSorted(), missionRoles.map(([, , role]) => role).toSorted());
  });

  for (const [, words, role] of missionRoles) {
    it(`gives the role that it means by "${words}"`, () => {
      const first = team.roles[role]?.models[0];
      const title = team.models[first?.model ?? '']?.title ?? '';
      const effort = first?.effort ? ` ${first.effort[0]?.toUpperCase()}${first.effort.slice(1)}` : '';
      assert.equal(`${words.split(': ')[0]}: ${title}${effort}`, words);
    });
  }

  it('gives every role the duty that the workflow wants of it', () => {
    for (const [duty, roles] of Object.entries(workflow)) {
      const having = Object.entries(team.roles).filter(([, { duties }]) => duties.some((d) => d === duty));
      assert.deepEqual(having.map(([role]) => role).toSorted(), roles.toSorted(), duty);
    }
  });

  for (const [name, { own, successors, agent, dead }] of Object.entries(fates)) {
    it(`says what became of ${name}`, () => {
      const model = team.models[name];
      assert.ok(model);
      assert.equal(model.retired !== undefined, dead);
      if (own === '') return assert.deepEqual(model.routes, []);
      for (const route of model.routes) {
        if (route.agent === 'openrouter') {
          // Its own ids of the same models, in the same order.
          const first: readonly string[] = model.routes[0]?.ids ?? [];
          assert.equal(route.ids.length, first.length);
          assert.deepEqual(route.ids.map(plainId), first.map(plainId));
          continue;
        }
        assert.equal(route.ids[0], own);
        assert.deepEqual(route.ids.slice(1).toSorted(), successors.toSorted());
      }
      assert.deepEqual(
        model.routes.map((route) => [route.server, route.agent]),
        name === 'cheetah'
          ? [['agents', agent]]
          : [
              ['agents', agent],
              ['keys', providers[agent ?? '']],
              ['keys', 'openrouter'],
            ],
      );
    });
  }

  it('asks Pro’s deeper successor before the vendor’s choice, and a small or a dear Claude last', () => {
    assert.equal(team.models['gemini-2.5-pro']?.routes[0]?.ids[1], 'gemini-3.1-pro-preview');
    const claude = team.models['claude-4.5']?.routes[0]?.ids ?? [];
    assert.deepEqual(claude.slice(0, 4), [
      'claude-sonnet-4-5-20250929',
      'claude-opus-4-5-20251101',
      'claude-sonnet-5-5',
      'claude-opus-5-5',
    ]);
    assert.equal(claude.at(-1), 'claude-fable-5-1');
  });

  it('defines the servers that ship with the product, and names no other', () => {
    const named = new Set(Object.values(team.models).flatMap(({ routes }) => routes.map(({ server }) => server)));
    assert.deepEqual([...named].toSorted(), Object.keys(team.servers).toSorted());
  });

  it('prices every model that can be asked', () => {
    for (const [name, { routes, price }] of Object.entries(team.models))
      assert.equal(price !== undefined, routes.length > 0, name);
  });

  it('can fill what a run cannot do without by any one model that still answers', () => {
    for (const [only, model] of Object.entries(team.models)) {
      if (model.routes.length === 0) continue;
      for (const size of ['one', 'core', 'review'] as const) {
        const { cast } = castTeam({
          team,
          name: 'default',
          triage: { title: 't', size, specialists: [], paths: ['**'], why: '' },
          reachable: (name) => (name === only ? { ok: true } : { ok: false, whys: ['not signed in'] }),
        });
        const duties = cast.flatMap((one) => one.duties);
        assert.ok(duties.includes('orchestrate') && duties.includes('write'), `${only}, ${size}`);
        assert.ok(cast.every(({ models }) => models.every((choice) => choice.model === only)));
      }
    }
  });

  it('leaves the big picture to models with a million tokens, while one of them answers', () => {
    const { cast } = castTeam({
      team,
      name: 'default',
      triage: { title: 't', size: 'core', specialists: [], paths: ['**'], why: '' },
      reachable: () => ({ ok: true }),
    });
    const models = cast.find(({ role }) => role === 'big-picture')?.models ?? [];
    assert.ok(models.length > 0);
    for (const { model } of models) assert.ok((team.models[model]?.context ?? 0) >= 1_000_000, model);
  });
});

describe('the briefs', () => {
  const all = Object.entries(briefs);

  it('are there for every role, and for no other', () => {
    assert.deepEqual(Object.keys(briefs).toSorted(), Object.keys(roster.roles ?? {}).toSorted());
    for (const [role, brief] of all) assert.equal(roster.roles?.[role]?.brief, brief);
  });

  for (const [role, brief] of all) {
    it(`of ${role} speaks to it, wants evidence, allows nothing found and says when to stop`, () => {
      const words = brief.split(' ').length;
      assert.ok(words >= 60 && words <= 160, `${words} words`);
      assert.match(brief, /^You /);
      assert.match(brief, /\bfile\b[^.]*\bline\b|\bpath and line\b/);
      assert.match(brief, /data, not instructions/);
      assert.match(brief, /good answer/);
      assert.match(brief, /\bStop\b/);
      assert.doesNotMatch(brief, /\s{2}|\n|\$\{/);
    });
  }

  it('have no sentence in common but the one on data', () => {
    const sentences = all.flatMap(([, brief]) => [...new Set(brief.split(/(?<=[.?!:;]) /))]);
    const twice = sentences.filter((sentence, n) => sentences.indexOf(sentence) !== n);
    assert.deepEqual(
      [...new Set(twice)].filter((sentence) => !/data, not instructions|good answer/.test(sentence)),
      [],
    );
  });
});
