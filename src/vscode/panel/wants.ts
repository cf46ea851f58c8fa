import { reviewSummary } from '../../core/review/summary.ts';
import type { RunState } from '../../core/run/state.ts';
import { choicesOf } from '../../core/words/choices.ts';
import { count, money, plural } from '../../core/words/words.ts';
import type { PanelAction, PanelTeam, PanelWant } from '../../protocol.ts';
import { exact, line, remembered } from './clean.ts';
import type { Question } from '../asking.ts';
import type { PanelInput, PanelInputRun } from './input.ts';
import { modelName } from './roles.ts';

/** What wants the person, in the order in which it came; then a run that could be gone on with. */
export function wantsOf(input: PanelInput): PanelWant[] {
  const { shown } = input;
  const wants = input.questions.map((question) => wantOf(question, input));
  if (shown?.driven === 'elsewhere') wants.push(...askedElsewhere(shown));
  return [...wants, ...[reviewWanted(input), resumeOf(input)].filter((want) => want !== undefined)];
}

/** The shown run is ready, and its change is not finished yet. */
function reviewWanted({ shown, condition }: PanelInput): PanelWant | undefined {
  if (condition !== 'ready' || shown?.driven !== 'nobody' || shown.state.outcome !== 'ready') return undefined;
  const summary = reviewSummary(shown.state);
  if (summary?.state !== 'open') return undefined;
  const { files, hunks, kept, undone } = summary;
  const size = `${plural(files.length, 'file')}, ${plural(hunks, 'hunk')}`;
  const open = hunks - kept - undone;
  const text =
    open === hunks
      ? `The change is ready for review: ${size}`
      : `The review goes on: ${open} of ${plural(hunks, 'hunk')} to decide`;
  const action = (label: string, what: 'open' | 'finish'): PanelAction => ({
    label,
    intent: { type: 'review', run: shown.run, action: what },
  });
  return {
    id: `review ${shown.run}`,
    kind: 'review',
    text: open === 0 ? 'Everything is decided.' : text,
    answers: open === 0 ? [action('Finish', 'finish'), action('Review', 'open')] : [action('Review', 'open')],
    links: [],
  };
}

/** The answers that can be pressed; the panel writes them in sentence case. */
const answersTo = (question: Question): PanelAction[] =>
  choicesOf(question).map(({ label, answer }) => ({
    label,
    intent: { type: 'answer', question: question.id, answer },
  }));

function wantOf(question: Question, input: PanelInput): PanelWant {
  const { id } = question;
  switch (question.kind) {
    case 'stop':
      return stopOf(question, input);
    case 'permission': {
      const { request } = question;
      const whole = exactOf(question);
      return {
        id,
        kind: 'permission',
        text: `${line(request.role, 60)} asks: ${line(request.title, 300)}`,
        exact: { kind: request.kind === 'edit' ? 'diff' : request.kind === 'command' ? 'command' : 'text', ...whole },
        answers: answersTo(question),
        links: whole.cut > 0 ? [{ label: 'Read all of it', intent: { type: 'read-question', question: id } }] : [],
      };
    }
    case 'held': {
      const { file } = question;
      const whole = exactOf(question);
      return {
        id,
        kind: 'held',
        text: `${line(file.path, 300)} is held`,
        detail: line(file.reason ?? file.code ?? '', 600),
        exact: { kind: 'diff', ...whole },
        answers: answersTo(question),
        links: whole.cut > 0 ? [{ label: 'Read all of it', intent: { type: 'read-question', question: id } }] : [],
      };
    }
  }
}

/** A question does not change, and its diff can be long. */
const exactOf = remembered((question: Question): { text: string; cut: number } =>
  exact(question.kind === 'permission' ? question.request.detail : question.kind === 'held' ? question.diff : ''),
);

function stopOf(asked: Extract<Question, { kind: 'stop' }>, input: PanelInput): PanelWant {
  const { id, run } = asked;
  const { stop, question } = asked.stop;
  const state = input.shown?.run === run ? input.shown.state : undefined;
  const common = { id, kind: stop, text: line(question, 400), answers: answersTo(asked) };
  const read = (label: string, what: 'plan' | 'diff'): PanelAction => ({ label, intent: { type: 'read', run, what } });
  switch (stop) {
    case 'team':
      return {
        ...common,
        // The question names everybody; so does what stands below it.
        ...(state && { text: `Start this team of ${state.cast.length}?`, team: teamOf(state, input.titles) }),
        links: [{ label: 'Edit team', intent: { type: 'host', action: 'edit-team' } }],
      };
    case 'plan':
      return {
        ...common,
        links: [read('Read', 'plan')],
      };
    case 'apply':
      return {
        ...common,
        links: [{ label: 'Review', intent: { type: 'review', run, action: 'open' } }],
      };
  }
}

/** The team as triage proposes it, with its stand-ins, and what it is likely to take. */
function teamOf(state: RunState, titles: PanelInput['titles']): PanelTeam {
  return {
    why: line(state.triage?.why ?? '', 600),
    members: state.cast.map((cast) => {
      const [choice] = cast.models;
      return {
        role: line(cast.title, 60),
        model: choice ? modelName(titles, choice.model, choice.effort) : '',
        note: choice?.standsFor === undefined ? '' : `stands in for ${modelName(titles, choice.standsFor)}`,
      };
    }),
    leftOut: state.leftOut.map(({ role, why }) => line(`${role}: ${why}`, 300)),
    forecast: forecastOf(state),
  };
}

function forecastOf({ forecast }: RunState): string {
  if (!forecast) return '';
  const range = ([low, high]: readonly [number, number], words: (n: number) => string): string =>
    words(low) === words(high) ? words(low) : `${words(low)}–${words(high)}`;
  const whole = (n: number): string => String(Math.round(n));
  return [
    `${range(forecast.calls, whole)} calls`,
    `${range(forecast.minutes, whole)} min`,
    `${range(forecast.tokens, count)} tokens`,
    forecast.usd ? `${range(forecast.usd, money)} (est.)` : 'cost unknown',
  ].join(' · ');
}

/** What another window or terminal is asked: it is shown, and answered there. */
function askedElsewhere({ state }: PanelInputRun): PanelWant[] {
  const where = 'Answer it where the run runs: in another window or terminal.';
  const titles = new Map(state.cast.map(({ role, title }) => [role, title]));
  return [
    ...state.asked.map((asked): PanelWant => {
      const kind = asked.stop === 'team' || asked.stop === 'plan' ? asked.stop : 'apply';
      return { id: `stop ${asked.stop}`, kind, text: line(asked.question, 400), answers: [], links: [], where };
    }),
    ...state.permissions.map((asked): PanelWant => ({
      id: asked.id,
      kind: 'permission',
      text: `${line(titles.get(asked.role) ?? asked.role, 60)} asks: ${line(asked.title, 300)}`,
      exact: {
        kind: asked.kind === 'edit' ? 'diff' : asked.kind === 'command' ? 'command' : 'text',
        ...exact(asked.detail),
      },
      answers: [],
      links: [],
      where,
    })),
  ];
}

/** The shown run when it was interrupted; without one the youngest that was. */
function resumeOf({ shown, runs, condition }: PanelInput): PanelWant | undefined {
  if (condition !== 'ready') return undefined;
  const interrupted = shown
    ? shown.driven === 'nobody' && shown.state.outcome === undefined
      ? { id: shown.run, task: shown.state.title }
      : undefined
    : runs.find((run) => run.state === 'interrupted' && run.task !== '');
  if (!interrupted) return undefined;
  const { id } = interrupted;
  return {
    id: `resume ${id}`,
    kind: 'resume',
    text: shown ? 'This run was interrupted.' : `“${line(interrupted.task, 80)}” was interrupted.`,
    detail: 'No call that was finished is made again.',
    answers: [{ label: 'Resume', intent: { type: 'resume', run: id } }],
    links: shown ? [] : [{ label: 'Show', intent: { type: 'show', run: id } }],
  };
}
