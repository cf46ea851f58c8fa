import type { EventOf, HeldFinding, Phase } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';
import { between, count, duration, money, plural } from '../../core/words/words.ts';
import type { RunInfo } from '../../node/run/runs.ts';
import type {
  PanelAction,
  PanelEarlier,
  PanelFinding,
  PanelMessage,
  PanelPhase,
  PanelRun,
  PanelSpent,
  PanelState,
  Sign,
} from '../../protocol.ts';
import { block, last, line, remembered } from './clean.ts';
import type { PanelInput, PanelInputRun } from './input.ts';
import { reviewOf } from './review.ts';
import { rolesOf } from './roles.ts';
import { wantsOf } from './wants.ts';

const mostFindings = 100;
const mostMessages = 60;
const mostEarlier = 12;

/** What the panel draws, from all that is known. Pure; `looking` are the roles whose live text is on the screen. */
export function panelState(input: PanelInput, looking: ReadonlySet<string> | undefined): PanelState {
  const explanation = explanationOf(input);
  const earlier = earlierOf(input.runs);
  const run = input.shown && runOf(input, input.shown, looking);
  const others = earlier.filter(({ id }) => id !== run?.id || !input.shown);
  return {
    now: input.now,
    ...(explanation && { explanation }),
    ...(input.condition === 'ready' && input.root !== undefined && { composer: composerOf(input) }),
    ...(input.completions && { completions: input.completions }),
    notices: input.notices.map((notice) => ({
      ...notice,
      text: line(notice.text, 600),
      ...(notice.hint !== undefined && { hint: line(notice.hint, 600) }),
    })),
    wants: wantsOf(input),
    ...(run && { run }),
    earlier: others.slice(0, mostEarlier),
    earlierMore: Math.max(0, others.length - mostEarlier),
  };
}

const host = (label: string, action: Extract<PanelAction['intent'], { type: 'host' }>['action']): PanelAction => ({
  label,
  intent: { type: 'host', action },
});

function explanationOf({ condition, shown, runs }: PanelInput): PanelState['explanation'] {
  switch (condition) {
    case 'no-folder':
      return {
        title: 'No folder is open',
        text: 'A team works on the files of a folder. Open one, or try the sample: a small project with a scripted team that costs nothing.',
        actions: [host('Open Folder', 'open-folder'), host('Try the Sample', 'try-sample')],
      };
    case 'untrusted':
      return {
        title: 'This folder is not trusted',
        text: 'Nothing in it is read as configuration and no model is started, since a team runs the commands of the folder.',
        actions: [host('Manage Workspace Trust', 'manage-trust')],
      };
    case 'virtual':
      return {
        title: 'This folder is not on a disk',
        text: 'A team needs files that git and the checks can reach. Open the folder from a disk, or on its remote machine.',
        actions: [host('Open Folder', 'open-folder')],
      };
    case 'ready':
      // Who comes here first sees more than an empty box.
      return shown || runs.length > 0
        ? undefined
        : {
            title: 'Nothing has been run here yet',
            text: 'You see who would work on a task, and what that may cost, before anything starts, and each change before it is written. Check Team says which models can be reached from here; the sample needs none of them.',
            actions: [host('Check Team', 'check-team'), host('Try the Sample', 'try-sample')],
          };
  }
}

function composerOf(input: PanelInput): NonNullable<PanelState['composer']> {
  const { folders, root, teams, budget, draft, starts } = input;
  const here = folders.find((folder) => folder.root === root);
  return {
    ...(here && folders.length > 1 && { folder: here.root }),
    folders: folders.length > 1 ? folders.map(({ name, root: of }) => ({ name: line(name, 80), root: of })) : [],
    teams: teams.map((team) => line(team, 60)),
    team: line(teams[0] ?? '', 60),
    budget: { calls: budget?.calls ?? 40, minutes: budget?.minutes ?? 45 },
    starts,
    ...(draft && { draft }),
  };
}

const phaseLabels: readonly (readonly [Exclude<Phase, 'review'>, string])[] = [
  ['triage', 'triage'],
  ['analysis', 'analysis'],
  ['synthesis', 'plan'],
  ['implementation', 'build'],
  ['integration', 'merge'],
];

function runOf(input: PanelInput, shown: PanelInputRun, looking: ReadonlySet<string> | undefined): PanelRun {
  const { state, run, driven } = shown;
  const live = driven !== 'nobody';
  const { word, sign } = standsAs(state, live, input);
  const waits = state.stop !== undefined || state.permissions.length > 0;
  const ticks = live && state.outcome === undefined && !waits && state.lastAt !== '';
  const elsewhere = elsewhereOf(
    input.runs.find((info) => info.id === run),
    driven,
  );
  const messages = last(state.messages, mostMessages);
  const review = reviewOf(run, state);
  return {
    id: run,
    title: line(state.title === '' ? run : state.title, 120),
    task: block(state.task, 4000),
    scripted: state.scripted,
    word,
    sign,
    ended: state.outcome !== undefined || !live,
    ms: state.activeMs,
    ...(ticks && { since: Date.parse(state.lastAt) }),
    ...(state.reason !== undefined && { reason: line(state.reason, 600) }),
    ...(state.hint !== undefined && { hint: line(state.hint, 600) }),
    ...(elsewhere !== undefined && { elsewhere }),
    phases: phasesOf(state, live),
    spent: spentOf(state),
    minutes: state.budget.minutes,
    roles: rolesOf(shown, { titles: input.titles, live, looking }),
    leftOut: state.leftOut.map(({ role, why }) => line(`${role}: ${why}`, 300)).slice(0, 20),
    findings: findingsOf(state.findings),
    findingsMore: Math.max(0, state.findings.length - mostFindings),
    ...planOf(run, state),
    ...(review && { review }),
    messages: messages.shown.map(messageOf),
    messagesMore: messages.more,
    notes: state.notes
      .filter((note) => note.level === 'warning')
      .slice(-8)
      .map((note) => line(note.role === undefined ? note.text : `${note.role}: ${note.text}`, 400)),
    listeners:
      live && state.outcome === undefined
        ? state.cast.map(({ role, title }) => ({ role, title: line(title, 60) }))
        : [],
    actions: actionsOf(run, state, live),
  };
}

const endings: Record<NonNullable<RunState['outcome']>, readonly [Sign, string]> = {
  applied: ['checked', 'applied'],
  ready: ['done', 'ready'],
  stopped: ['stopped', 'stopped'],
  failed: ['failed', 'failed'],
  spent: ['stopped', 'stopped: the budget is spent'],
};

function standsAs(state: RunState, live: boolean, input: PanelInput): { sign: Sign; word: string } {
  if (state.outcome !== undefined) {
    const [sign, word] = endings[state.outcome];
    return { sign, word };
  }
  if (!live) return { sign: 'stopped', word: 'interrupted' };
  const waits = input.questions.length > 0 || state.stop !== undefined || state.permissions.length > 0;
  return waits ? { sign: 'waiting', word: 'waiting for you' } : { sign: 'working', word: 'working' };
}

function elsewhereOf(info: RunInfo | undefined, driven: PanelInputRun['driven']): string | undefined {
  if (driven !== 'elsewhere') return undefined;
  return info?.state === 'elsewhere'
    ? 'It runs on another machine; what happens there is shown as its journal arrives.'
    : 'It runs in another window or terminal; this one watches.';
}

function phasesOf(state: RunState, live: boolean): PanelPhase[] {
  const alone = state.size === 'one';
  return phaseLabels
    .filter(([name]) => !alone || (name !== 'analysis' && name !== 'synthesis') || state.phases[name] !== undefined)
    .map(([name, label]) => {
      const phase = state.phases[name];
      const broken = phase?.state === 'working' && (!live || state.outcome !== undefined);
      return {
        name,
        label,
        sign: broken ? 'stopped' : (phase?.state ?? 'waiting'),
        summary: line(
          [phase?.summary ?? '', phase?.endedAt === undefined ? '' : duration(between(phase.startedAt, phase.endedAt))]
            .filter(Boolean)
            .join(' · '),
          200,
        ),
      };
    });
}

function spentOf({ spent, budget }: RunState): PanelSpent[] {
  const pieces: PanelSpent[] = [
    {
      label: 'Calls',
      text: `${spent.calls} of ${plural(budget.calls, 'call')}`,
      part: budget.calls > 0 ? Math.min(1, spent.calls / budget.calls) : 0,
    },
    {
      label: 'Tokens',
      text: `${count(spent.tokens)}${budget.tokens === undefined ? '' : ` of ${count(budget.tokens)}`} tokens`,
      ...(budget.tokens !== undefined && { part: Math.min(1, spent.tokens / budget.tokens) }),
    },
  ];
  if (spent.usd > 0 || budget.usd !== undefined)
    pieces.push({
      label: 'Money',
      text: `${money(spent.usd)}${budget.usd === undefined ? '' : ` of ${money(budget.usd)}`}${spent.estimated ? ' (est.)' : ''}`,
      ...(budget.usd !== undefined && { part: Math.min(1, spent.usd / budget.usd) }),
    });
  return pieces;
}

const findingsOf = remembered((findings: readonly HeldFinding[]): PanelFinding[] =>
  findings.slice(0, mostFindings).map((finding) => ({
    id: line(finding.id, 60),
    claim: line(finding.claim, 300),
    detail: block(finding.detail, 1500),
    severity: finding.severity,
    by: line(finding.role, 40),
    check: finding.check,
    ...(finding.problem !== undefined && { problem: line(finding.problem, 300) }),
    places: finding.evidence.flatMap((one) =>
      one.kind === 'file' ? [{ path: line(one.path, 300), ...(one.line !== undefined && { line: one.line }) }] : [],
    ),
    ...(finding.suggestion !== undefined && { suggestion: block(finding.suggestion, 1000) }),
  })),
);

function planOf(run: string, { plan, report }: RunState): Pick<PanelRun, 'plan'> {
  if (!plan) return {};
  const dissent = plan.items.reduce((sum, item) => sum + item.dissent.length, 0);
  const actions: PanelAction[] = [{ label: 'Read', intent: { type: 'read', run, what: 'plan' } }];
  if (report !== undefined) actions.push({ label: 'Report', intent: { type: 'read', run, what: 'report' } });
  return {
    plan: {
      words: `${plural(plan.items.length, 'item')}${dissent > 0 ? `, ${dissent} dissent` : ''}`,
      goal: line(plan.goal, 400),
      actions,
    },
  };
}

const messageOf = remembered((message: EventOf<'message.posted'>): PanelMessage => ({
  seq: message.seq,
  from: line(message.from, 40),
  to: message.to.length === 0 ? 'all' : line(message.to.join(', '), 80),
  kind: line(message.kind, 30),
  subject: line(message.subject, 200),
  body: block(message.body, 3000),
}));

function actionsOf(run: string, state: RunState, live: boolean): PanelAction[] {
  if (live && state.outcome === undefined) return [{ label: 'Stop', intent: { type: 'stop', run } }];
  const again = state.outcome === 'stopped' || state.outcome === 'failed' || state.outcome === 'spent';
  if (!again || live) return [];
  return [
    { label: 'Resume', intent: { type: 'resume', run } },
    ...(state.outcome === 'failed' ? [host('Check team', 'check-team')] : []),
  ];
}

const runWords: Record<RunInfo['state'], readonly [Sign, string]> = {
  ...endings,
  running: ['working', 'working'],
  elsewhere: ['working', 'elsewhere'],
  interrupted: ['stopped', 'interrupted'],
  damaged: ['failed', 'damaged'],
};

const earlierOf = remembered((runs: readonly RunInfo[]): PanelEarlier[] =>
  runs.map((info) => {
    const [sign, word] = runWords[info.state];
    const again = ['interrupted', 'stopped', 'failed', 'spent'].includes(info.state);
    return {
      id: info.id,
      title: line(info.task.trim().split('\n', 1)[0] || info.id, 100),
      sign,
      word,
      when: info.created,
      scripted: info.scripted,
      shown: false,
      ...(info.problem !== undefined && { problem: line(info.problem, 300) }),
      actions: again ? [{ label: 'Resume', intent: { type: 'resume', run: info.id } }] : [],
    };
  }),
);
