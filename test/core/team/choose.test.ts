import assert from 'node:assert/strict';
import { UserError } from '../../../src/core/errors.ts';
import { castTeam } from '../../../src/core/team/choose.ts';
import type { Casting, Chosen, Reachable } from '../../../src/core/team/choose.ts';
import { castSchema } from '../../../src/core/team/file.ts';
import type { TeamFile } from '../../../src/core/team/file.ts';
import { joinLayers } from '../../../src/core/team/layers.ts';
import { roster } from '../../../src/core/team/roster.ts';
import type { Triage } from '../../../src/core/run/answers.ts';

function teamOf(mine: unknown = {}): TeamFile {
  const { team, problems } = joinLayers([
    { from: 'built-in', whose: 'built-in', layer: roster },
    { from: 'mine', whose: 'person', layer: mine },
  ]);
  assert.deepEqual(problems, []);
  assert.ok(team);
  return team;
}

const all: Reachable = () => ({ ok: true });
const none: Reachable = () => ({ ok: false, whys: ['not signed in'] });
const only =
  (...models: string[]): Reachable =>
  (model) =>
    models.includes(model) ? { ok: true } : { ok: false, whys: ['not signed in'] };

const triageOf = (parts: Partial<Triage>): Triage => ({
  title: 't',
  size: 'core',
  specialists: [],
  paths: ['**'],
  why: '',
  ...parts,
});

function choose(triage: Partial<Triage>, reachable: Reachable, parts: Partial<Casting> = {}): Chosen {
  const chosen = castTeam({ team: teamOf(), name: 'default', triage: triageOf(triage), reachable, ...parts });
  for (const one of chosen.cast) castSchema.parse(one);
  return chosen;
}

const roles = ({ cast }: Chosen): string[] => cast.map(({ role }) => role);
const of = ({ cast }: Chosen, role: string) => cast.find((one) => one.role === role);

function refused(run: () => unknown, code: string): UserError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof UserError, String(error));
    assert.equal(error.code, code);
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('who takes part', () => {
  it('is the orchestrator and one writer, for a small task', () => {
    assert.deepEqual(roles(choose({ size: 'one', writer: 'fast-fixes' }, all)), ['orchestrator', 'fast-fixes']);
    assert.deepEqual(roles(choose({ size: 'one' }, all)), ['orchestrator', 'implementer']);
    assert.deepEqual(roles(choose({ size: 'one', specialists: ['optimizer'] }, all)), ['orchestrator', 'implementer']);
  });

  it('is the core, or core and review, with the specialists that triage named', () => {
    const core = ['orchestrator', 'architect', 'implementer', 'big-picture'];
    const review = ['security', 'critic', 'reviewer', 'alternative', 'quick-check'];
    assert.deepEqual(roles(choose({}, all)), core);
    assert.deepEqual(roles(choose({ size: 'review' }, all)), [...core, ...review]);
    assert.deepEqual(roles(choose({ specialists: ['refactoring', 'optimizer'] }, all)), [
      ...core,
      'refactoring',
      'optimizer',
    ]);
    // Asked for by name, one of the review team comes to a core task.
    assert.deepEqual(roles(choose({ specialists: ['security'] }, all)), [...core, 'security']);
  });

  it('takes nothing from triage that is not in the team', () => {
    const chosen = choose({ specialists: ['optimiser', 'constructor', 'architect', 'optimiser'] }, all);
    assert.deepEqual(roles(chosen), ['orchestrator', 'architect', 'implementer', 'big-picture']);
    assert.deepEqual(chosen.notes.slice(0, 2), [
      'Triage asked for `optimiser`, which is not in this team; did you mean `optimizer`?',
      'Triage asked for `constructor`, which is not in this team; there are `refactoring`, `optimizer`, `fast-fixes`, `quick`.',
    ]);
    const one = choose({ size: 'one', writer: 'security' }, all);
    assert.deepEqual(roles(one), ['orchestrator', 'implementer']);
    assert.equal(one.notes[0], 'Triage named `security` to write, which is no writer of this team.');
  });

  it('has another write, if the one that triage named cannot', () => {
    const chosen = choose({ size: 'one', writer: 'quick' }, only('gpt-5'));
    assert.deepEqual(roles(chosen), ['orchestrator', 'implementer']);
    assert.deepEqual(
      chosen.leftOut.map(({ role }) => role),
      ['quick'],
    );
    assert.deepEqual(chosen.questions, []);
  });

  it('is a single role, where a team has one that leads and writes', () => {
    const team = teamOf({
      roles: { solo: { title: 'Solo', duties: ['orchestrate', 'write'], brief: 'b', models: [{ model: 'gpt-5' }] } },
      teams: { alone: { core: ['solo'] } },
    });
    for (const size of ['one', 'core', 'review'] as const)
      assert.deepEqual(roles(choose({ size }, all, { team, name: 'alone' })), ['solo']);
  });

  it('says which team it does not know', () => {
    const error = refused(() => choose({}, all, { name: 'defualt' }), 'unknown-team');
    assert.equal(error.message, 'No team is called `defualt`; did you mean `default`?');
    refused(() => choose({}, all, { name: 'constructor' }), 'unknown-team');
  });

  it('may read or write as its duty is', () => {
    const chosen = choose({ size: 'review', specialists: ['refactoring'] }, all);
    const writing = chosen.cast.filter(({ access }) => access === 'write').map(({ role }) => role);
    assert.deepEqual(writing, ['orchestrator', 'implementer', 'refactoring']);
  });
});

describe('which models play', () => {
  it('are the role’s own in order, with those after the first accepted to go on', () => {
    const architect = of(choose({}, all), 'architect');
    assert.deepEqual(architect?.models, [
      { model: 'gpt-5', effort: 'high' },
      { model: 'claude-4.5' },
      { model: 'gemini-2.5-pro' },
      {
        model: 'grok-4-code',
        effort: 'high',
        why: 'grok-4.7 is asked for Grok 4 code, as its declared successor',
      },
    ]);
  });

  it('are a dead model’s declared successors, or the role’s next, each by name and without a question', () => {
    const chosen = choose({ specialists: ['quick'] }, all);
    assert.deepEqual(of(chosen, 'implementer')?.models[0], {
      model: 'gpt-5-codex',
      effort: 'high',
      why: 'gpt-6.2-sol is asked for GPT-5-Codex, as its declared successor',
    });
    assert.equal(of(chosen, 'quick')?.models[0]?.why, 'composer-2.5 is asked for cheetah, as its declared successor');
    const big = of(chosen, 'big-picture')?.models[0];
    assert.equal(big?.model, 'gemini-2.5-pro');
    assert.equal(big?.standsFor, 'code-supernova-1-million');
    assert.match(big?.why ?? '', /^code-supernova-1-million is not asked: retired: A free preview/);
    assert.deepEqual(chosen.questions, []);
    assert.ok(chosen.notes.includes('Implementer: gpt-6.2-sol is asked for GPT-5-Codex, as its declared successor.'));
    assert.ok(
      chosen.notes.some((note) =>
        note.startsWith('Big-Picture: Gemini 2.5 Pro stands in. code-supernova-1-million is not asked: '),
      ),
    );
  });

  it('are never asked as a dead model itself, though its route is open', () => {
    const team = teamOf({ models: { cheetah: { routes: [{ server: 'agents', ids: ['cheetah'] }] } } });
    const chosen = choose({ specialists: ['quick'] }, all, { team });
    assert.equal(of(chosen, 'quick')?.models[0]?.model, 'gpt-5-codex');
    assert.equal(of(chosen, 'quick')?.models[0]?.standsFor, 'cheetah');
  });

  it('are a retired model itself where a route says that it answers', () => {
    const reachable: Reachable = (model) => (model === 'gpt-5-codex' ? { ok: true, id: 'gpt-5-codex' } : { ok: true });
    assert.deepEqual(of(choose({}, reachable), 'implementer')?.models[0], { model: 'gpt-5-codex', effort: 'high' });
  });

  it('show the successor of a living model when that is what answers', () => {
    const reachable: Reachable = (model) => (model === 'gpt-5' ? { ok: true, id: 'gpt-6.1-sol' } : { ok: true });
    assert.equal(
      of(choose({}, reachable), 'architect')?.models[0]?.why,
      'gpt-6.1-sol is asked for GPT-5, as its declared successor',
    );
  });

  it('are not asked over routes that are off', () => {
    const off = [{ server: 'keys', ids: ['x', 'y'], off: true }];
    const team = teamOf({ models: { 'gpt-5': { routes: off }, 'grok-4-code': { routes: off } } });
    const chosen = choose({ specialists: ['refactoring'] }, all, { team });
    assert.equal(of(chosen, 'architect')?.models[0]?.why, 'GPT-5 is not asked: no route leads to it');
    assert.equal(of(chosen, 'refactoring')?.models[0]?.standsFor, 'grok-4-code');
  });

  it('keep a packed view as large as the first of them allows', () => {
    const models = (...names: string[]) =>
      of(choose({}, only(...names)), 'big-picture')?.models.map(({ model }) => model);
    assert.deepEqual(models('gemini-2.5-pro', 'gemini-2.5-flash', 'gpt-5', 'claude-4.5'), [
      'gemini-2.5-pro',
      'gemini-2.5-flash',
    ]);
    assert.deepEqual(models('gpt-5', 'claude-4.5'), ['gpt-5']);
    assert.deepEqual(models('claude-4.5'), ['claude-4.5']);
  });
});

describe('with one vendor', () => {
  it('the roles that the file lets it play are played, and it is said plainly', () => {
    const chosen = choose({ size: 'review' }, only('claude-4.5'));
    assert.equal(chosen.cast.length, 9);
    assert.deepEqual(chosen.leftOut, []);
    assert.ok(
      chosen.notes.includes('Anthropic plays every part: a second vendor would find what the first one misses.'),
    );
    assert.equal(of(chosen, 'security')?.models[0]?.standsFor, 'gpt-5');
    assert.equal(of(chosen, 'security')?.models[0]?.why, 'GPT-5 is not asked: not signed in');
  });

  it('roles that it may not play are left out, with why, and offered', () => {
    const chosen = choose({ size: 'review' }, only('cheetah'));
    assert.deepEqual(roles(chosen), ['orchestrator', 'implementer']);
    assert.equal(chosen.leftOut.length, 7);
    const critic = chosen.leftOut.find(({ role }) => role === 'critic');
    assert.equal(critic?.why, 'Gemini 2.5 Pro, Grok 4 code, Claude 4.5, GPT-5: not signed in.');
    assert.deepEqual(
      chosen.questions.find(({ role }) => role === 'critic'),
      {
        role: 'critic',
        model: 'cheetah',
        question: 'Critic: Gemini 2.5 Pro cannot be reached. Shall cheetah stand in?',
      },
    );
  });

  it('a question is never about a dead model', () => {
    const team = teamOf({ roles: { 'big-picture': { models: [{ model: 'code-supernova-1-million' }] } } });
    const chosen = choose({}, all, { team });
    assert.deepEqual(
      chosen.leftOut.map(({ role }) => role),
      ['big-picture'],
    );
    assert.match(chosen.leftOut[0]?.why ?? '', /retired: A free preview of autumn 2025/);
    assert.deepEqual(chosen.questions, []);
  });

  it('says which vendors play several parts', () => {
    const { notes } = choose({ size: 'review' }, all);
    assert.ok(notes.includes('OpenAI plays 4 parts: Architect, Implementer, Security, Reviewer.'));
    assert.ok(notes.includes('Google plays 4 parts: Big-Picture, Critic, Alternative, Quick Check.'));
    assert.ok(!notes.some((note) => note.startsWith('Anthropic')));
  });
});

describe('with nobody there', () => {
  it('names the role, each of its models and why, and what to do', () => {
    const error = refused(() => choose({}, none), 'role-unfilled');
    assert.match(error.message, /^Orchestrator cannot be played, and the run cannot do without\. Claude 4\.5, GPT-5, /);
    assert.match(error.message, /Gemini 2\.5 Flash: not signed in\.$/);
    assert.match(error.hint ?? '', /`orchestra doctor`.*`roles\.orchestrator\.models`/);
  });

  it('tells of many reasons only what they are: what to do about each is for the doctor', () => {
    const reachable: Reachable = (model) => ({
      ok: false,
      whys: [`${model} is not installed: no such program. Install it: npm install x.`, 'A key is not set.'],
    });
    const { message } = refused(() => choose({}, reachable), 'role-unfilled');
    assert.match(message, /^Orchestrator cannot be played, and the run cannot do without\. Claude 4\.5, GPT-5, /);
    assert.match(message, /: claude-4\.5 is not installed; A key is not set; gpt-5 is not installed; /);
    assert.doesNotMatch(message, /npm install/);
  });

  it('stops for a role that the person requires', () => {
    const team = teamOf({ roles: { security: { required: true, models: [{ model: 'gemini-2.5-pro' }] } } });
    const error = refused(() => choose({ size: 'review' }, only('gpt-5'), { team }), 'role-unfilled');
    assert.match(error.message, /^Security cannot be played/);
    assert.ok(choose({ size: 'core' }, only('gpt-5'), { team }));
  });

  it('stops without any writer, whatever the size', () => {
    const team = teamOf({ roles: { implementer: { models: [{ model: 'grok-4-code' }] } } });
    const error = refused(() => choose({}, only('gemini-2.5-pro'), { team }), 'role-unfilled');
    assert.equal(
      error.message,
      'Nobody can write: no writing role can be played. Implementer: Grok 4 code: not signed in.',
    );
    // For a small task any writer of the team will do.
    assert.deepEqual(roles(choose({ size: 'one' }, only('gemini-2.5-pro'), { team })), ['orchestrator', 'refactoring']);
    const one = refused(
      () =>
        choose({ size: 'one' }, only('gemini-2.5-pro'), {
          team: teamOf({
            roles: {
              implementer: { models: [{ model: 'grok-4-code' }] },
              refactoring: { models: [{ model: 'cheetah' }] },
            },
          }),
        }),
      'role-unfilled',
    );
    assert.match(one.message, /^Nobody can write: .*Implementer: .*Refactoring: .*Fast Fixes: .*Quick Iterations: /);
  });

  it('does not stop a small task for a required writer, where another can write', () => {
    const team = teamOf({ roles: { implementer: { required: true, models: [{ model: 'grok-4-code' }] } } });
    assert.deepEqual(roles(choose({ size: 'one' }, only('claude-4.5'), { team })), ['orchestrator', 'refactoring']);
    refused(() => choose({ size: 'core' }, only('claude-4.5'), { team }), 'role-unfilled');
  });

  it('is never the orchestrator, even if a file says that it is not required', () => {
    const team = teamOf({ roles: { orchestrator: { required: false, models: [{ model: 'claude-4.5' }] } } });
    refused(() => choose({ size: 'one' }, only('gpt-5'), { team }), 'role-unfilled');
    assert.equal(of(choose({}, all, { team }), 'orchestrator')?.required, true);
  });
});
