import { leftBy, routeName } from '../../core/run/control.ts';
import { resultOf, tellingCall } from '../../core/words/result.ts';
import { between, clock, count, failureName, money, movedWords, refusedWords } from '../../core/words/words.ts';
import type { CallState, RunState } from '../../core/run/state.ts';
import type { PanelAction, PanelCall, PanelRole, Sign } from '../../protocol.ts';
import { block, line, tailLines, tailOf } from './clean.ts';
import type { CallAbility, PanelInputRun } from './input.ts';

type Cast = RunState['cast'][number];

/** How a run is looked at. */
export interface Looking {
  readonly titles: Readonly<Record<string, string>>;
  /** A living process backs what is said to be working. */
  readonly live: boolean;
  /** Roles whose live text is on the screen; absent: of all that work. */
  readonly looking: ReadonlySet<string> | undefined;
}

/** Lines of live text in one state, of all roles together; ten such states a second go through the editor's own window. */
const linesOfAll = 480;

/** A row for each role, in the order of the cast, so that none moves while others start and end. */
export function rolesOf(input: PanelInputRun, look: Looking): PanelRole[] {
  const { state } = input;
  const calls = Map.groupBy(Object.values(state.calls), (call) => call.role);
  const cast = new Map(state.cast.map((one) => [one.role, one]));
  const roles = [...new Set([...cast.keys(), ...calls.keys()])];
  const open = roles.filter((role) => calls.get(role)?.some((call) => isLive(look, role, call)));
  const lines = Math.min(tailLines, Math.floor(linesOfAll / Math.max(1, open.length)));
  return roles.map((role) => roleOf(input, { ...look, lines }, role, cast.get(role), calls.get(role) ?? []));
}

/** Its live text is on the screen. */
const isLive = (look: Looking, role: string, call: CallState): boolean =>
  look.live && call.state === 'working' && (look.looking?.has(role) ?? true);

function roleOf(
  input: PanelInputRun,
  look: Looking & { readonly lines: number },
  role: string,
  cast: Cast | undefined,
  calls: readonly CallState[],
): PanelRole {
  const { state } = input;
  const underWay = look.live ? calls.filter((call) => call.state === 'working' || call.state === 'waiting') : [];
  const working = underWay.filter((call) => call.state === 'working');
  const current = working.at(-1) ?? underWay.at(-1) ?? calls.at(-1);
  const model = current ?? cast?.models[0];
  const stands = standing(state, look, role, cast, calls, underWay);
  const ended = calls.filter((call) => !underWay.includes(call));
  const tail = working.some((call) => isLive(look, role, call)) ? tailsOf(input, working, look.lines) : undefined;
  const said = underWay.length > 0 ? '' : saidOf(state, role, calls);
  return {
    role,
    title: line(cast?.title ?? role, 60),
    model: model ? modelName(look.titles, model.model, model.effort) : '',
    ...stands,
    ...(current && { route: line(routeOf(current), 120) }),
    ms: ended.reduce((sum, call) => sum + between(call.startedAt, call.endedAt), 0),
    ...sinceOf(working),
    numbers: numbersOf(calls),
    scripted: calls.some((call) => call.scripted),
    notes: notesOf(look, cast, calls),
    ...(stands.sign === 'failed' && current?.failure && { failure: failureOf(current.failure) }),
    calls: calls.slice(-8).map((call) => callOf(state, look, call)),
    ...(tail !== undefined && { tail }),
    ...(said !== '' && { said }),
    actions: actionsOf(input, look, underWay.length > 0, current),
  };
}

const sinceOf = (working: readonly CallState[]): { since?: number } =>
  working.length > 0 ? { since: Math.min(...working.map((call) => Date.parse(call.startedAt))) } : {};

/** Sign and word of a role, and what it waits for. */
function standing(
  state: RunState,
  look: Looking,
  role: string,
  cast: Cast | undefined,
  calls: readonly CallState[],
  underWay: readonly CallState[],
): { sign: Sign; word: string; waitsFor?: string } {
  const last = underWay.at(-1) ?? calls.at(-1);
  if (underWay.length > 0) {
    if (state.permissions.some((asked) => asked.role === role))
      return { sign: 'waiting', word: 'waiting', waitsFor: 'for you' };
    return underWay.some((call) => call.state === 'working')
      ? { sign: 'working', word: 'working' }
      : { sign: 'waiting', word: waitWord(last), waitsFor: line(last?.waits?.why ?? '', 200) };
  }
  if (last?.state === 'working' || last?.state === 'waiting') return { sign: 'stopped', word: 'interrupted' };
  // Who only answered a question waits for what it waited for before.
  const own = calls.findLast(({ kind }) => kind !== 'replies');
  const waitsFor = look.live ? expects(state, cast, own) : undefined;
  if (waitsFor !== undefined) return { sign: 'waiting', word: 'waiting', waitsFor };
  const telling = tellingCall(calls);
  if (telling) {
    const { sign, word } = resultOf(state, role, telling);
    return { sign: word === 'checked' ? 'checked' : word === 'checks red' ? 'failed' : sign, word };
  }
  return state.outcome === undefined ? { sign: 'waiting', word: 'waiting' } : { sign: 'waiting', word: 'not asked' };
}

/** `waiting`, or until when. */
function waitWord(call: CallState | undefined): string {
  return call?.waits?.until === undefined ? 'waiting' : `waiting, ${clock(Date.parse(call.waits.until))}`;
}

/** What a role waits for that is not working and is still to do something. */
function expects(state: RunState, cast: Cast | undefined, last: CallState | undefined): string | undefined {
  if (!cast || state.outcome !== undefined) return undefined;
  const { phase } = state;
  if (cast.duties.includes('orchestrate')) {
    if (state.stop !== undefined) return 'for you';
    if (phase === 'analysis') return 'for the findings';
    if (phase === 'implementation') return 'for the changes';
    return undefined;
  }
  if (last && (last.kind !== 'criteria' || phase !== 'implementation')) return undefined;
  if (phase === undefined || phase === 'triage') return 'for the team';
  const writes = cast.duties.includes('write') || cast.duties.includes('review');
  if (cast.duties.includes('analyse') && !last && phase === 'analysis') return 'for a free route';
  if (!writes) return undefined;
  if (phase === 'analysis' || phase === 'synthesis') return 'for the plan';
  if (phase !== 'implementation') return undefined;
  if (cast.duties.includes('review')) return 'for a change';
  return (state.plan?.items ?? []).some((item) => item.owners.includes(cast.role)) ? 'for its turn' : undefined;
}

/** Name and effort of a model, as people know it. */
export function modelName(titles: Readonly<Record<string, string>>, model: string, effort?: string): string {
  const title = line(titles[model] ?? model, 60);
  return effort === undefined ? title : `${title} ${effort}`;
}

/** The server, and the id where it is another than the model's name. */
function routeOf(call: CallState): string {
  const name = routeName(call);
  return call.id === '' || call.id === call.model ? name : `${name} · ${call.id}`;
}

function notesOf(look: Looking, cast: Cast | undefined, calls: readonly CallState[]): string[] {
  const choice = cast?.models[0];
  const notes = [
    ...(choice?.standsFor === undefined ? [] : [`stands in for ${modelName(look.titles, choice.standsFor)}`]),
    ...calls.flatMap((call) => (call.successorOf === undefined ? [] : [`${call.id} answered (declared successor)`])),
    ...calls.flatMap((call) => call.moves.map((move) => movedWords(move))),
    ...calls.flatMap((call) => (call.refused === undefined ? [] : [refusedWords(call.refused)])),
  ];
  // A route that was left in several calls is said once.
  return [...new Set(notes.map((note) => line(note, 300)))].slice(-6);
}

function numbersOf(calls: readonly CallState[]): string {
  const tokens = calls.reduce((sum, call) => sum + call.tokens, 0);
  const usd = calls.reduce((sum, call) => sum + (call.usd ?? 0), 0);
  if (tokens === 0 && usd === 0) return '';
  const about = calls.some((call) => call.estimated) ? '~' : '';
  const costs = usd === 0 ? '' : ` · ${usd < 0.005 ? '' : about}${money(usd)}`;
  return `${about}${count(tokens)} tokens${costs}`;
}

function callOf(state: RunState, look: Looking, call: CallState): PanelCall {
  const isUnderWay = call.state === 'working' || call.state === 'waiting';
  const works = look.live && call.state === 'working';
  const sign = !isUnderWay ? resultOf(state, call.role, call).sign : look.live ? call.state : 'stopped';
  return {
    call: call.call,
    attempt: call.attempt,
    title: line(call.title, 120),
    sign,
    ms: isUnderWay ? 0 : between(call.startedAt, call.endedAt),
    ...(works && { since: Date.parse(call.startedAt) }),
    numbers: numbersOf([call]),
  };
}

const failureOf = (failure: NonNullable<CallState['failure']>): string =>
  line(`${failureName(failure)}. ${failure.message}`, 400);

/** Of one call its tail; of several each with its title, and less of each. */
function tailsOf(input: PanelInputRun, working: readonly CallState[], lines: number): string {
  const texts = working.map((call) => ({ title: line(call.title, 80), text: input.tail(call.call)?.text ?? '' }));
  if (texts.length === 1) return tailOf(texts[0]?.text ?? '', lines);
  return texts
    .map(({ title, text }) => `${title}\n${tailOf(text.slice(-4000)).split('\n').slice(-20).join('\n')}`)
    .join('\n\n');
}

/** What a role brought last, in Markdown. */
function saidOf(state: RunState, role: string, calls: readonly CallState[]): string {
  const last = tellingCall(calls.filter((call) => call.state === 'done'));
  if (!last) return '';
  if (last.kind === 'findings') return block(state.summaries[role] ?? '', 4000);
  const answer = last.answer as { summary?: unknown; goal?: unknown; why?: unknown } | undefined;
  const said = answer?.summary ?? answer?.goal ?? answer?.why;
  return typeof said === 'string' ? block(said, 4000) : '';
}

const abilityLabels: Record<CallAbility, string> = {
  'stop-call': 'Stop',
  'retry-call': 'Retry',
  'next-route': 'Next route',
  prompt: 'What it was asked',
};

function actionsOf(
  input: PanelInputRun,
  look: Looking,
  isUnderWay: boolean,
  current: CallState | undefined,
): PanelAction[] {
  if (!current) return [];
  const { run, abilities = [] } = input;
  const { call, attempt } = current;
  const actions: PanelAction[] =
    attempt > 0 ? [{ label: 'Open log', intent: { type: 'log', run, call, attempt } }] : [];
  for (const ability of abilities) {
    if (ability === 'prompt') {
      if (attempt > 0) actions.push({ label: abilityLabels.prompt, intent: { type: 'prompt', run, call, attempt } });
    } else if (look.live && isUnderWay)
      actions.push({ label: abilityLabels[ability], intent: { type: ability, run, call } });
  }
  if (look.live && input.state.outcome === undefined) actions.push(...routeActions(run, input.state, current));
  return actions;
}

/** To stay off a route that was left, or to come back to it. */
function routeActions(run: string, { routeWords }: RunState, call: CallState): PanelAction[] {
  const routes = new Map(call.moves.map(({ server, agent }) => [routeName({ server, agent }), { server, agent }]));
  return [...routes].map(([name, { server, agent }]): PanelAction => {
    const isLeft = leftBy(routeWords, { server, agent }) !== undefined;
    const route = { server, ...(agent !== undefined && { agent }) };
    return {
      label: isLeft ? `Use ${line(name, 40)} again` : `Stay off ${line(name, 40)}`,
      intent: { type: 'route', run, action: isLeft ? 'use' : 'leave', ...route },
    };
  });
}
