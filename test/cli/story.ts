import { recordSchema, type JournalRecord } from '../../src/core/run/events.ts';
import { fold, type RunState } from '../../src/core/run/state.ts';
import type { Cast } from '../../src/core/team/file.ts';

/** A run as a journal would hold it, so that views are judged on what they will really be given. */

export const run = '26-1122-a3';
export const startedAt = Date.UTC(2026, 10, 22, 9, 0, 0);

/** Parsed by the journal's schema, so that its defaults apply and a story that no journal could hold fails. */
type Loose = object;

/** Records of these events, each so many seconds after the first. Every one is parsed by the journal's schema. */
export function journal(events: readonly (readonly [seconds: number, event: Loose])[]): JournalRecord[] {
  return events.map(([seconds, event], n) =>
    recordSchema.parse({ seq: n + 1, at: new Date(startedAt + seconds * 1000).toISOString(), epoch: 1, event }),
  );
}

export const stateOf = (records: readonly JournalRecord[]): RunState => fold(records);

const cast = (
  role: string,
  title: string,
  model: string,
  effort: Cast['models'][number]['effort'],
  duties: Cast['duties'],
  more: Partial<Cast> = {},
): Cast => ({
  role,
  title,
  duties,
  access: duties.includes('write') ? 'write' : 'read',
  required: role === 'orchestrator',
  models: [{ model, effort }],
  ...more,
});

export const titles = {
  'claude-4.5': 'Claude 4.5',
  'gpt-5-codex': 'GPT-5-Codex',
  'gpt-5': 'GPT-5',
  'gemini-2.5-pro': 'Gemini 2.5 Pro',
  'grok-4-code': 'Grok 4 code',
  'grok-4.7': 'Grok 4.7',
  'code-supernova-1-million': 'code-supernova-1-million',
};

const team: Cast[] = [
  cast('orchestrator', 'Orchestrator', 'claude-4.5', undefined, ['orchestrate']),
  cast('architect', 'Architect', 'gpt-5', 'high', ['analyse']),
  cast('implementer', 'Implementer', 'gpt-5-codex', 'high', ['write']),
  cast('big-picture', 'Big picture', 'grok-4.7', undefined, ['analyse'], {
    models: [{ model: 'grok-4.7', standsFor: 'code-supernova-1-million', why: 'nobody can reach it any more' }],
  }),
  cast('security', 'Security', 'gpt-5', 'medium', ['analyse', 'review']),
  cast('critic', 'Critic', 'gemini-2.5-pro', undefined, ['analyse']),
  cast('refactoring', 'Refactoring', 'grok-4-code', undefined, ['write']),
];

interface CallOptions {
  kind: string;
  title: string;
  model: string;
  effort?: 'low' | 'medium' | 'high';
  server?: string;
  id?: string;
  successorOf?: string;
  tokens?: number;
  usd?: number;
  answer?: unknown;
}

export const started = (call: string, role: string, phase: string, o: CallOptions, attempt = 1): Loose => ({
  type: 'call.started',
  call,
  role,
  phase,
  kind: o.kind,
  title: o.title,
  model: o.model,
  effort: o.effort,
  attempt,
  server: o.server ?? 'scripted',
  id: o.id ?? o.model,
  promptBytes: 4000,
  reserved: { tokens: 6000 },
  scripted: true,
});

export const ended = (call: string, role: string, phase: string, o: CallOptions): Loose => ({
  type: 'call.ended',
  call,
  role,
  phase,
  kind: o.kind,
  ok: true,
  answer: o.answer ?? {},
  model: o.model,
  server: o.server ?? 'scripted',
  id: o.id ?? o.model,
  successorOf: o.successorOf,
  usage: { inputTokens: (o.tokens ?? 4000) - 800, outputTokens: 800 },
  usd: o.usd,
  estimated: false,
  ms: 4000,
  scripted: true,
});

const orch = { model: 'claude-4.5' };
const architect = {
  kind: 'findings',
  title: 'Findings on the code as it is',
  model: 'gpt-5',
  effort: 'high' as const,
  tokens: 12_400,
  usd: 0.05,
};
const security = {
  kind: 'findings',
  title: 'Findings on the code as it is',
  model: 'gpt-5',
  effort: 'medium' as const,
  tokens: 9100,
  usd: 0.03,
  id: 'gpt-6.1-sol',
  successorOf: 'gpt-5',
};
const critic = {
  kind: 'findings',
  title: 'Findings on the code as it is',
  model: 'gemini-2.5-pro',
  tokens: 8100,
  usd: 0.02,
  server: 'keys',
};
const big = { kind: 'findings', title: 'Findings on the code as it is', model: 'grok-4.7', tokens: 31_000, usd: 0.06 };

const finding = (id: string, claim: string, path: string, line: number, severity = 'medium', more: object = {}) => ({
  id,
  role: id.split('.')[0],
  model: 'm',
  claim,
  detail: 'What was seen there, in more words than fit a line.',
  severity,
  evidence: [{ kind: 'file', path, line }],
  check: 'confirmed',
  ...more,
});

/** Up to the middle of analysis: one done, one moved and working, one working, one waiting. */
export const analysis: (readonly [number, Loose])[] = [
  [
    0,
    {
      type: 'run.created',
      task: 'Add rate limiting to the public API',
      engine: '0.1.0',
      team: 'default',
      budget: { calls: 30, minutes: 45 },
      scripted: true,
      budgetFrom: 'default',
    },
  ],
  [0, { type: 'phase.started', phase: 'triage' }],
  [0, { type: 'base.taken', commit: 'c0', tree: 't0', files: 23, notes: [] }],
  [0, started('triage/orchestrator', 'orchestrator', 'triage', { ...orch, kind: 'triage', title: 'Choose the team' })],
  [
    3,
    ended('triage/orchestrator', 'orchestrator', 'triage', {
      ...orch,
      kind: 'triage',
      title: '',
      tokens: 2100,
      usd: 0.01,
    }),
  ],
  [
    3,
    {
      type: 'triage.made',
      triage: {
        title: 'Add rate limiting to the public API',
        size: 'review',
        specialists: ['refactoring'],
        paths: ['**'],
        why: 'It touches the request path of every client and needs a decision on the algorithm; a mistake would lock people out.',
      },
    },
  ],
  [
    3,
    {
      type: 'team.chosen',
      title: 'Add rate limiting to the public API',
      size: 'review',
      cast: team,
      leftOut: [{ role: 'quick-check', why: 'no route leads to gemini-2.5-flash' }],
      forecast: { calls: [16, 24], tokens: [140_000, 320_000], usd: [0.9, 2.1], minutes: [4, 9] },
      notes: [],
    },
  ],
  [3, { type: 'stop.asked', stop: 'team', question: 'Start this team?' }],
  [5, { type: 'stop.answered', stop: 'team', answer: 'go', by: 'ana' }],
  [5, { type: 'phase.ended', phase: 'triage', summary: 'core and review, with refactoring' }],
  [5, { type: 'phase.started', phase: 'analysis' }],
  [5, started('analysis/architect', 'architect', 'analysis', architect)],
  [5, started('analysis/security', 'security', 'analysis', security)],
  [5, started('analysis/critic', 'critic', 'analysis', { ...critic, server: 'gemini' })],
  [
    12,
    {
      type: 'call.failed',
      call: 'analysis/critic',
      role: 'critic',
      phase: 'analysis',
      attempt: 1,
      server: 'gemini',
      model: 'gemini-2.5-pro',
      failure: {
        kind: 'rate-limit',
        message: 'Gemini says the requests of this minute are spent.',
        resetsAt: '2026-11-22T09:01:00Z',
      },
      next: { model: 'gemini-2.5-pro', server: 'keys', id: 'gemini-2.5-pro' },
    },
  ],
  [12, started('analysis/critic', 'critic', 'analysis', critic, 2)],
  [41, ended('analysis/security', 'security', 'analysis', security)],
  [
    41,
    {
      type: 'findings.held',
      role: 'security',
      summary: 'The key check leaks timing.',
      findings: [
        finding(
          'security.1',
          'The API key is compared with ===, which leaks how much of it is right',
          'src/auth.ts',
          14,
          'high',
        ),
        finding('security.2', 'X-Forwarded-For is taken from anybody', 'src/server.ts', 31),
        finding('security.3', 'src/cache.ts keeps keys in the clear', 'src/cache.ts', 9, 'high', {
          check: 'refuted',
          problem: 'There is no file src/cache.ts.',
        }),
      ],
    },
  ],
];

/** All the way to the applied change. */
export const whole: (readonly [number, Loose])[] = [
  ...analysis,
  [60, started('analysis/big-picture', 'big-picture', 'analysis', big)],
  [71, ended('analysis/architect', 'architect', 'analysis', architect)],
  [
    71,
    {
      type: 'findings.held',
      role: 'architect',
      summary: 'The limiter belongs before the router.',
      findings: [
        finding(
          'architect.1',
          'The limiter belongs between authentication and the router, so that a bucket has a key to stand under',
          'src/server.ts',
          41,
          'high',
        ),
        finding(
          'architect.2',
          'Limits must be configuration: config.ts already reads the environment',
          'src/config.ts',
          8,
        ),
      ],
    },
  ],
  [80, ended('analysis/critic', 'critic', 'analysis', critic)],
  [
    80,
    {
      type: 'findings.held',
      role: 'critic',
      summary: 'Clocks and memory.',
      findings: [
        finding('critic.1', 'A clock that goes back would take tokens away', 'src/server.ts', 44),
        finding('critic.2', 'Buckets of keys that never come back stay in memory for ever', 'src/server.ts', 44),
      ],
    },
  ],
  [85, ended('analysis/big-picture', 'big-picture', 'analysis', big)],
  [85, { type: 'findings.held', role: 'big-picture', summary: 'Nothing else.', findings: [] }],
  [85, { type: 'phase.ended', phase: 'analysis', summary: 'architect 2, security 3, critic 2, big-picture 0' }],
  [85, { type: 'phase.started', phase: 'synthesis' }],
  [
    85,
    started('synthesis/orchestrator', 'orchestrator', 'synthesis', {
      ...orch,
      kind: 'plan',
      title: 'One plan from all findings',
    }),
  ],
  [
    99,
    ended('synthesis/orchestrator', 'orchestrator', 'synthesis', {
      ...orch,
      kind: 'plan',
      title: '',
      tokens: 14_000,
      usd: 0.09,
    }),
  ],
  [
    99,
    {
      type: 'plan.made',
      missing: [],
      notes: [],
      plan: {
        goal: 'Every key gets a token bucket; who asks too often gets 429 and learns when to come back.',
        items: [
          {
            id: 'limit',
            title: 'Token bucket per key',
            what: 'Write the limiter and call it before the router.',
            findings: ['architect.1', 'architect.2', 'critic.1', 'critic.2'],
            dissent: [
              {
                role: 'critic',
                says: 'A sliding window would be fairer to bursts at the edge of a minute.',
                answer: 'A bucket bounds bursts as well, in constant memory a key.',
              },
            ],
            owners: ['implementer', 'refactoring'],
            paths: ['src/limit.ts', 'src/server.ts', 'src/config.ts', 'test/limit.test.ts'],
            acceptance: ['429 carries Retry-After in whole seconds'],
          },
          {
            id: 'compare',
            title: 'Compare keys in constant time',
            what: 'timingSafeEqual over digests.',
            findings: ['security.1'],
            owners: ['implementer'],
            paths: ['src/auth.ts', 'test/auth.test.ts'],
          },
        ],
        decisions: [
          {
            what: 'Limits are per key, not per address',
            why: 'addresses can be forged behind no proxy',
            findings: ['security.2'],
          },
        ],
        leftOut: [],
        docs: ['README: the limit, its settings and the answer 429'],
      },
    },
  ],
  [99, { type: 'stop.asked', stop: 'plan', question: 'Plan is ready: 2 items, 1 dissent' }],
  [110, { type: 'stop.answered', stop: 'plan', answer: 'go', by: 'ana' }],
  [110, { type: 'phase.ended', phase: 'synthesis', summary: '2 items, 1 dissent' }],
  [110, { type: 'phase.started', phase: 'implementation' }],
  [
    110,
    started('implementation/limit.implementer/r1', 'implementer', 'implementation', {
      kind: 'written',
      title: 'limit: Token bucket per key',
      model: 'gpt-5-codex',
      effort: 'high',
    }),
  ],
  [
    110,
    started('implementation/limit.refactoring/r1', 'refactoring', 'implementation', {
      kind: 'written',
      title: 'limit: Token bucket per key',
      model: 'grok-4-code',
    }),
  ],
  [
    110,
    started('implementation/security/criteria', 'security', 'implementation', {
      kind: 'criteria',
      title: 'What to check in each change',
      model: 'gpt-5',
      effort: 'medium',
    }),
  ],
  [
    118,
    ended('implementation/security/criteria', 'security', 'implementation', {
      kind: 'criteria',
      title: '',
      model: 'gpt-5',
      effort: 'medium',
      tokens: 3000,
      usd: 0.01,
      answer: { criteria: ['a', 'b'] },
    }),
  ],
  [
    140,
    {
      type: 'permission.asked',
      call: 'implementation/limit.implementer/r1',
      role: 'implementer',
      phase: 'implementation',
      id: 'p1',
      kind: 'command',
      title: 'Run a command',
      detail: 'npm install express-rate-limit',
    },
  ],
  [
    150,
    {
      type: 'permission.answered',
      call: 'implementation/limit.implementer/r1',
      role: 'implementer',
      phase: 'implementation',
      id: 'p1',
      answer: 'no',
      by: 'ana',
    },
  ],
  [
    170,
    ended('implementation/limit.implementer/r1', 'implementer', 'implementation', {
      kind: 'written',
      title: '',
      model: 'gpt-5-codex',
      effort: 'high',
      tokens: 45_000,
      usd: 0.31,
    }),
  ],
  [
    170,
    {
      type: 'change.landed',
      change: 'limit.implementer',
      role: 'implementer',
      items: ['limit'],
      paths: ['src/**'],
      round: 1,
      commit: 'c1',
      tree: 't1',
      files: [
        { path: 'src/limit.ts', added: 61, removed: 0, kind: 'new' },
        { path: 'src/server.ts', added: 9, removed: 2, kind: 'changed' },
      ],
      outside: [],
      summary: 'done',
      notDone: [],
    },
  ],
  [
    172,
    {
      type: 'checks.ended',
      on: 'change:limit.implementer',
      tree: 't1',
      excused: [],
      green: true,
      results: [{ name: 'test', run: 'npm test', result: 'green', exitCode: 0, ms: 1400, tail: '' }],
    },
  ],
  [
    176,
    {
      type: 'change.judged',
      change: 'limit.implementer',
      role: 'security',
      round: 1,
      verdict: { verdict: 'fine', summary: 'Good.', findings: [] },
    },
  ],
  [
    180,
    ended('implementation/limit.refactoring/r1', 'refactoring', 'implementation', {
      kind: 'written',
      title: '',
      model: 'grok-4-code',
      tokens: 21_000,
      usd: 0.04,
    }),
  ],
  [
    180,
    {
      type: 'change.landed',
      change: 'limit.refactoring',
      role: 'refactoring',
      items: ['limit'],
      paths: ['src/**'],
      round: 1,
      commit: 'c2',
      tree: 't2',
      files: [{ path: 'src/server.ts', added: 12, removed: 5, kind: 'changed' }],
      outside: ['package.json'],
      summary: 'done',
      notDone: [{ item: 'limit', why: 'no tests' }],
    },
  ],
  [
    182,
    {
      type: 'checks.ended',
      on: 'change:limit.refactoring',
      tree: 't2',
      excused: [],
      green: false,
      results: [
        {
          name: 'test',
          run: 'npm test',
          result: 'red',
          exitCode: 1,
          ms: 1200,
          tail: 'not ok 3 - a limited key gets 429',
        },
      ],
    },
  ],
  [
    190,
    {
      type: 'candidates.judged',
      item: 'limit',
      winner: 'limit.implementer',
      losers: ['limit.refactoring'],
      by: 'checks',
      why: 'the other is red',
    },
  ],
  [190, { type: 'phase.ended', phase: 'implementation', summary: '2 changes of 2 writers' }],
  [190, { type: 'phase.started', phase: 'integration' }],
  [
    191,
    {
      type: 'merge.made',
      change: 'limit.implementer',
      commit: 'm1',
      tree: 'mt',
      conflicts: [{ path: 'src/server.ts', why: 'content' }],
    },
  ],
  [
    199,
    {
      type: 'conflict.resolved',
      change: 'limit.implementer',
      path: 'src/server.ts',
      commit: 'm2',
      tree: 'mt2',
      fates: [],
      summary: 'Both lines stand, the key check first.',
    },
  ],
  [
    201,
    {
      type: 'checks.ended',
      on: 'final',
      tree: 'ft',
      excused: ['lint'],
      green: true,
      results: [
        { name: 'test', run: 'npm test', result: 'green', exitCode: 0, ms: 1400, tail: '' },
        { name: 'lint', run: 'npm run lint', result: 'red', exitCode: 1, ms: 300, tail: 'x' },
      ],
    },
  ],
  [
    202,
    {
      type: 'ledger.made',
      tree: 'ft',
      balanced: true,
      problems: [],
      hunks: [],
      entries: [
        {
          hunk: 'limit.implementer:src/limit.ts:1',
          change: 'limit.implementer',
          writer: 'implementer',
          path: 'src/limit.ts',
          fate: 'merged',
          added: 61,
          removed: 0,
        },
        {
          hunk: 'limit.implementer:src/server.ts:1',
          change: 'limit.implementer',
          writer: 'implementer',
          path: 'src/server.ts',
          fate: 'resolved',
          why: 'stands after the key check',
          added: 9,
          removed: 2,
        },
        {
          hunk: 'limit.refactoring:src/server.ts:1',
          change: 'limit.refactoring',
          writer: 'refactoring',
          path: 'src/server.ts',
          fate: 'superseded',
          by: 'limit.implementer:src/server.ts:1',
          why: 'lost as a candidate: its checks are red',
          added: 12,
          removed: 5,
        },
      ],
    },
  ],
  [
    202,
    {
      type: 'gate.judged',
      tree: 'ft',
      files: [
        { path: 'src/limit.ts', verdict: 'pass', content: 'x' },
        { path: 'src/server.ts', verdict: 'pass', content: 'x' },
        {
          path: 'package.json',
          verdict: 'held',
          code: 'package-manager',
          reason: 'its scripts are run by npm',
          content: 'x',
        },
      ],
    },
  ],
  [202, { type: 'phase.ended', phase: 'integration', summary: '1 conflict resolved, README brought up to date' }],
  [
    203,
    { type: 'apply.done', files: ['src/limit.ts', 'src/server.ts'], heldBack: ['package.json'], merged: [], id: 'a1' },
  ],
  [
    203,
    {
      type: 'report.made',
      text: '# Done\n\nEvery key has a token bucket of its own.\n\n- 429 with Retry-After\n- documented in README.md',
    },
  ],
  [203, { type: 'run.ended', outcome: 'applied' }],
];
