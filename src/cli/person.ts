import { userInfo } from 'node:os';
import type { Person, StopQuestion } from '../core/ports.ts';
import type { RunState } from '../core/run/state.ts';
import type { Desk, Dialogue } from './desk.ts';
import { diffLines, exactDiff } from './view/diff.ts';
import { exactLines, glyph, paint, wrap, type Look } from './view/look.ts';
import { findingLines, planLines } from './view/plan.ts';
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
      return asked.talk(signal, (dialogue) => stop(dialogue, question, options));
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
        const answer = await choose(dialogue, look, { o: 'once', a: 'for this run', n: 'no' });
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

/** A stop: go, stop, or read first. The end of the input is a stop. */
async function stop(dialogue: Dialogue, question: StopQuestion, options: PersonOptions): Promise<'go' | 'stop'> {
  const look = options.look();
  const about = options.alone ? await aboutOf(question, options) : [];
  dialogue.print([...about, '', ...want(look, oneLine(question.question))]);
  // A team stands there in full already.
  const keys: Readonly<Record<string, string>> =
    question.stop === 'team' ? { g: 'go', s: 'stop' } : { g: 'go', s: 'stop', r: 'read all' };
  for (;;) {
    const answer = await choose(dialogue, look, keys);
    if (answer === 'g') return 'go';
    if (answer !== 'r') return 'stop';
    dialogue.print(['', ...(await allOf(question, options)), '', ...want(look, oneLine(question.question))]);
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

/** Asks until the answer is one of the keys or begins its word; undefined at the end of the input, which is never a yes. */
async function choose<K extends string>(
  dialogue: Dialogue,
  look: Look,
  keys: Readonly<Record<K, string>>,
): Promise<K | undefined> {
  const entries = Object.entries<string>(keys) as [K, string][];
  const prompt = `  ${entries.map(([key, word]) => `${key} ${word}`).join(` ${glyph(look, 'dot')} `)} > `;
  for (;;) {
    const typed = await dialogue.read(prompt);
    if (typed === undefined) return undefined;
    const answer = typed.trim().toLowerCase();
    const found = entries.find(([key, word]) => answer === key || (answer.length > 1 && word.startsWith(answer)));
    if (found) return found[0];
    if (answer !== '') dialogue.print([`  Please answer with ${entries.map(([key]) => key).join(', ')}.`]);
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
