import { routeName } from './control.ts';
import type { EventOf, RunEvent } from './events.ts';
import type { CallState, RunState } from './state.ts';

/** What calls and permissions do to a run's state. */

/** Tokens in and out. */
export function tokensOf(
  usage: { inputTokens?: number | undefined; outputTokens?: number | undefined } | undefined,
): number {
  return (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
}

/** Undefined for an event that is not about a call. */
export function patchOfCall(s: RunState, e: RunEvent, at: string): Partial<RunState> | undefined {
  switch (e.type) {
    case 'call.started': {
      const before = s.calls[e.call];
      const call: CallState = {
        call: e.call,
        role: e.role,
        phase: e.phase,
        kind: e.kind,
        title: e.title,
        model: e.model,
        effort: e.effort,
        server: e.server,
        agent: e.agent,
        id: e.id,
        attempt: e.attempt,
        state: 'working',
        startedAt: before?.startedAt ?? at,
        attemptAt: at,
        tokens: before?.tokens ?? 0,
        usd: before?.usd,
        estimated: before?.estimated ?? false,
        session: e.session,
        cwd: e.cwd,
        scripted: e.scripted,
        heard: e.heard ?? 0,
        open: { attempt: e.attempt, ...leastOf(e) },
        moves: before?.moves ?? [],
      };
      return { calls: { ...s.calls, [e.call]: call }, spent: { ...s.spent, calls: s.spent.calls + 1 } };
    }
    case 'call.waiting': {
      const before = s.calls[e.call];
      const { call, role, phase, kind, title, model, effort, server, agent, id } = e;
      const waiting: CallState = {
        ...(before ?? { attempt: 0, startedAt: at, tokens: 0, estimated: false, scripted: false, heard: 0, moves: [] }),
        call,
        role,
        phase,
        kind,
        title,
        model,
        effort,
        server,
        agent,
        id,
        state: 'waiting',
        waits: { why: e.why, until: e.until },
        // One that was interrupted, and goes on.
        endedAt: undefined,
        failure: undefined,
      };
      return { calls: { ...s.calls, [e.call]: waiting } };
    }
    case 'call.failed': {
      const call = s.calls[e.call];
      const tokens = tokensOf(e.usage);
      const usd = e.usd ?? e.usage?.usd;
      const spent = {
        ...s.spent,
        tokens: s.spent.tokens + tokens,
        usd: s.spent.usd + (usd ?? 0),
        estimated: s.spent.estimated || (tokens > 0 && e.estimated),
      };
      if (!call) return { spent };
      const again =
        e.next?.model === e.model && e.next.server === e.server && e.next.agent === e.agent && e.next.id === call.id;
      const to = e.next && !again ? toOf(e, e.next) : undefined;
      const moved = {
        ...call,
        open: undefined,
        waits: undefined,
        tokens: call.tokens + tokens,
        usd: usd === undefined ? call.usd : (call.usd ?? 0) + usd,
        estimated: call.estimated || (tokens > 0 && e.estimated),
        moves: [
          ...call.moves,
          {
            model: e.model,
            server: e.server,
            agent: e.agent,
            attempt: e.attempt,
            failure: e.failure,
            to,
            ...(again && { again }),
          },
        ],
      };
      return { calls: { ...s.calls, [e.call]: moved }, spent };
    }
    case 'call.sent-back':
    case 'call.ended': {
      const call = s.calls[e.call];
      const spent = {
        ...s.spent,
        tokens: s.spent.tokens + tokensOf(e.usage),
        usd: s.spent.usd + (e.usd ?? 0),
        estimated: s.spent.estimated || e.estimated,
      };
      if (!call) return { spent };
      const sum = {
        ...call,
        open: undefined,
        waits: undefined,
        tokens: call.tokens + tokensOf(e.usage),
        usd: e.usd === undefined ? call.usd : (call.usd ?? 0) + e.usd,
        estimated: call.estimated || e.estimated,
      };
      if (e.type === 'call.sent-back') return { calls: { ...s.calls, [e.call]: sum }, spent };
      const ended: CallState = {
        ...sum,
        state: e.ok ? 'done' : 'failed',
        endedAt: at,
        failure: e.failure,
        answer: e.answer,
        successorOf: e.successorOf,
        refused: e.refused,
        session: e.session ?? call.session,
      };
      return { calls: { ...s.calls, [e.call]: ended }, spent };
    }
    case 'permission.asked':
      return { permissions: [...s.permissions, e] };
    case 'permission.answered':
      return {
        permissions: s.permissions.filter((p) => p.id !== e.id),
        allowed: e.answer === 'run' ? [...s.allowed, ...commandOf(s, e.id)] : s.allowed,
      };
    default:
      return undefined;
  }
}

/** Where a call went on, in as few words as tell it from where it was. */
function toOf(from: EventOf<'call.failed'>, next: NonNullable<EventOf<'call.failed'>['next']>): string {
  const route = routeName(next);
  if (next.model !== from.model) return `${next.model} (${route})`;
  return next.server === from.server && next.agent === from.agent ? `${next.id} (${route})` : route;
}

/** The command that was allowed for this run. Nothing else can be: what a request of another kind says is no command line. */
function commandOf(s: RunState, id: string): string[] {
  return s.permissions.flatMap((p) => (p.id === id && p.kind === 'command' ? [p.detail] : []));
}

/** What an attempt costs of which nothing more is heard: the prompt, and its part of the money held back for it. */
function leastOf(e: EventOf<'call.started'>): { tokens: number; usd: number } {
  const tokens = Math.ceil(e.promptBytes / 4);
  return { tokens, usd: (e.reserved.usd ?? 0) * (tokens / Math.max(tokens, e.reserved.tokens, 1)) };
}

/** Calls under way are over, and count as what they cost at least. */
export function interrupted(s: RunState, at: string): Pick<RunState, 'calls' | 'spent'> {
  let { spent } = s;
  const entries = Object.entries(s.calls).map(([key, call]): [string, CallState] => {
    if (call.state !== 'working' && call.state !== 'waiting') return [key, call];
    const { tokens, usd } = call.open ?? { tokens: 0, usd: 0 };
    if (call.open) spent = { ...spent, tokens: spent.tokens + tokens, usd: spent.usd + usd, estimated: true };
    const ended: CallState = {
      ...call,
      open: undefined,
      waits: undefined,
      tokens: call.tokens + tokens,
      usd: usd > 0 ? (call.usd ?? 0) + usd : call.usd,
      estimated: call.estimated || call.open !== undefined,
      state: 'failed',
      endedAt: at,
      failure: { kind: 'cancelled', message: 'The run ended while it was under way.' },
    };
    return [key, ended];
  });
  return { calls: Object.fromEntries(entries), spent };
}
