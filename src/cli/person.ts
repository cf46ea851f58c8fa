import { userInfo } from 'node:os';
import { parse, stringify } from 'yaml';
import { reasonOf } from '../core/errors.ts';
import type { Amended, Person, StopQuestion } from '../core/ports.ts';
import type { PlanItem } from '../core/run/answers.ts';
import type { RunState } from '../core/run/state.ts';
import { amendHelp, editable, editedItem, type Typed, typedAmendment } from './amend.ts';
import type { Desk, Dialogue } from './desk.ts';
import { editText } from './editor.ts';
import { diffLines, exactDiff } from './view/diff.ts';
import { clip, exactLines, glyph, paint, wrap, type Look } from './view/look.ts';
import { findingLines, planLines } from './view/plan.ts';
import { choicesOf } from '../core/words/choices.ts';
import { oneLine, visible } from '../core/words/plain.ts';
import { teamLines } from './view/team.ts';

export interface PersonOptions {
  /** Who the journal says gave the answers; by default the account's name, and that it was `--yes`. */
  readonly name?: string | undefined;
  /** Where the person is asked nothing else is shown (stdout is a pipe): a stop shows what it is about. */
  readonly alone?: boolean;
  /** Absent when there is no terminal to ask in. */
  readonly desk?: Desk | undefined;
  /** `--yes`: stops are passed without asking; commands and held files are not approved, for nobody is expected to look. */
  readonly yes: boolean;
  readonly look: () => Look;
  /** The run as it stands. */
  readonly state: () => RunState | undefined;
  /** Resolves when all that belongs before a question is printed. */
  readonly settled: () => Promise<void>;
  /** The whole merged change. */
  readonly diff: () => Promise<string>;
  /** Lets the person edit a text; default in their editor. */
  readonly edit?: typeof editText;
}

/** The person at the command line. */
export function cliPerson(options: PersonOptions): Person {
  const { desk, yes } = options;
  const asked = yes ? undefined : desk;
  return {
    name: options.name ?? (yes ? `${personName()}, --yes` : personName()),
    async decide(question, signal) {
      await options.settled();
      if (yes) return 'go';
      if (!asked) return 'nobody';
      return asked.talk(signal, (dialogue) => stop(dialogue, question, options, signal));
    },
    async permit(request, signal) {
      if (!asked) return 'nobody';
      return asked.talk(signal, async (dialogue) => {
        const look = options.look();
        dialogue.print([
          '',
          ...want(look, `${oneLine(request.role)} asks for permission: ${oneLine(request.title)}`),
          ...(request.kind === 'edit' ? exactDiff(request.detail, look) : exactLines(look, request.detail)),
        ]);
        const isKept = choicesOf({ kind: 'permission', request }).some((choice) => choice.answer === 'run');
        const keys: Readonly<Record<string, string>> = {
          o: 'once',
          ...(isKept && { a: 'for this run' }),
          n: 'no',
        };
        const answer = await choose(dialogue, look, keys);
        return answer === 'o' ? 'once' : answer === 'a' ? 'run' : 'no';
      });
    },
    async approve(file, diff, signal) {
      await options.settled();
      if (!asked) return 'nobody';
      return asked.talk(signal, async (dialogue) => {
        const look = options.look();
        dialogue.print([
          '',
          ...want(look, `The gate holds ${visible(file.path)}`),
          ...wrap(look, oneLine(file.reason ?? file.code ?? ''), '  '),
          ...exactDiff(diff, look),
        ]);
        const answer = await choose(dialogue, look, { y: 'yes, let it through', n: 'no, keep it back' });
        return answer === 'y' ? 'yes' : 'no';
      });
    },
  };
}

/** A stop: go, stop, read first, or change something. The end of the input is a stop. */
async function stop(
  dialogue: Dialogue,
  question: StopQuestion,
  options: PersonOptions,
  signal: AbortSignal,
): Promise<'go' | 'stop' | Amended> {
  const look = options.look();
  const about = options.alone ? await aboutOf(question, options) : [];
  const problem = question.problem === undefined ? [] : wrap(look, `Not changed: ${oneLine(question.problem)}`, '  ');
  dialogue.print([...about, ...problem, '', ...want(look, oneLine(question.question))]);
  const { stop: at } = question;
  // A team stands there in full already.
  const keys: Readonly<Record<string, string>> = {
    g: 'go',
    s: 'stop',
    ...(at !== 'team' && { r: 'read all' }),
    ...(at !== 'apply' && { c: 'change something' }),
  };
  for (;;) {
    const answer = await choose(dialogue, look, keys, (line) => amendmentIn(line, at, options, dialogue, signal));
    if (typeof answer === 'object') return answer;
    if (answer === 'g') return 'go';
    if (answer === 'c' && at !== 'apply') {
      dialogue.print(['', ...amendHelp[at].map((line) => clip(look, `  ${line}`))]);
      continue;
    }
    if (answer !== 'r') return 'stop';
    dialogue.print(['', ...(await allOf(question, options)), '', ...want(look, oneLine(question.question))]);
  }
}

/** What a line changes; undefined when it is no such word, or when it comes to nothing, which is said. */
async function amendmentIn(
  line: string,
  at: StopQuestion['stop'],
  options: PersonOptions,
  dialogue: Dialogue,
  signal: AbortSignal,
): Promise<Amended | 'said' | undefined> {
  const state = options.state();
  if (at === 'apply' || !state) return undefined;
  let typed = typedAmendment(at, line, state);
  if (typed && 'edit' in typed)
    typed = (await edited(typed.edit, options, signal)) ?? { problem: 'Nothing is changed.' };
  if (!typed) return undefined;
  if ('amend' in typed) return { answer: 'again', amend: typed.amend };
  if ('problem' in typed) dialogue.print(wrap(options.look(), oneLine(typed.problem), '  '));
  return 'said';
}

async function edited(item: PlanItem, options: PersonOptions, signal: AbortSignal): Promise<Typed | undefined> {
  try {
    const text = await (options.edit ?? editText)(stringify(editable(item)), `${item.id}.yaml`, signal);
    return editedItem(item, parse(text) as unknown);
  } catch (error) {
    signal.throwIfAborted();
    // No YAML, or no editor: the plan is as it was.
    return { problem: reasonOf(error) };
  }
}

/** What a stop is about, in short. */
async function aboutOf(question: StopQuestion, options: PersonOptions): Promise<string[]> {
  const look = options.look();
  const state = options.state();
  if (question.stop === 'apply') return diffLines(await options.diff(), look, { lines: 120, pointer: 'r reads all' });
  if (!state) return [];
  return question.stop === 'team' ? teamLines(state, look) : planLines(state, look);
}

/** Everything that a decision rests on, without a cut. */
async function allOf(question: StopQuestion, options: PersonOptions): Promise<string[]> {
  const look = options.look();
  const state = options.state();
  if (question.stop === 'apply') return exactDiff(await options.diff(), look);
  if (!state) return [];
  return [...findingLines(state, look, { full: true }), '', ...planLines(state, look, { full: true })];
}

/**
 * Asks until the answer is one of the keys or begins its word, or a line that `other` understands; undefined at the end of
 * the input, which is never a yes.
 */
async function choose<K extends string, T extends object = never>(
  dialogue: Dialogue,
  look: Look,
  keys: Readonly<Record<K, string>>,
  other?: (line: string) => Promise<T | 'said' | undefined>,
): Promise<K | T | undefined> {
  const entries = Object.entries<string>(keys) as [K, string][];
  const prompt = `  ${entries.map(([key, word]) => `${key} ${word}`).join(` ${glyph(look, 'dot')} `)} > `;
  for (;;) {
    const typed = await dialogue.read(prompt);
    if (typed === undefined) return undefined;
    const answer = typed.trim().toLowerCase();
    const found = entries.find(([key, word]) => answer === key || (answer.length > 1 && word.startsWith(answer)));
    if (found) return found[0];
    const understood = await other?.(typed);
    if (typeof understood === 'object') return understood;
    if (answer !== '' && understood === undefined)
      dialogue.print([`  Please answer with ${entries.map(([key]) => key).join(', ')}.`]);
  }
}

const want = (look: Look, text: string): string[] =>
  wrap(look, text, `${glyph(look, 'wants')} `).map((line) => paint(look, 'accent', line));

/** The name of the person's account, as the journal keeps it. */
export function personName(): string {
  try {
    return userInfo().username;
  } catch {
    return process.env['USER'] ?? process.env['USERNAME'] ?? 'person';
  }
}
