import type { AskPermission } from '../core/ask.ts';
import type { GateVerdict } from '../core/change/change.ts';
import type { Amended, StopQuestion } from '../core/ports.ts';
import { choicesOf } from '../core/words/choices.ts';

/** What a run asks the person. They are shown in the order in which they came, and answering one never moves another. */
export type Question = { readonly id: string; readonly run: string } & (
  | { readonly kind: 'stop'; readonly stop: StopQuestion }
  | { readonly kind: 'permission'; readonly request: AskPermission & { role: string; call: string } }
  | { readonly kind: 'held'; readonly file: GateVerdict; readonly diff: string }
);

type OfKind<K extends Question['kind']> = Extract<Question, { kind: K }>;

/** What can be answered to which kind of question. */
interface Answers {
  readonly stop: 'go' | 'stop' | Amended;
  readonly permission: 'once' | 'run' | 'no';
  readonly held: 'yes' | 'no';
}

export type Answer = Answers[Question['kind']];

type Asked<K extends Question['kind']> = Omit<OfKind<K>, 'id'>;

/** The questions that wait in this window, in the order in which they came. Each is answered once, from wherever it is seen. */
export interface Asking {
  readonly questions: readonly Question[];
  /** Waits for the answer. Rejects with the signal's reason; the question is gone then. */
  ask<K extends Question['kind']>(question: Asked<K>, signal: AbortSignal): Promise<Answers[K]>;
  /** False when nobody asks this any more, or the answer is none to it. */
  answer(id: string, answer: Answer): boolean;
}

/** Opens the queue; `onChange` is told after every change of it. */
export function openAsking(onChange: () => void): Asking {
  const waiting = new Map<string, { question: Question; settle: (answer: Answer) => void }>();
  let count = 0;
  return {
    get questions() {
      return [...waiting.values()].map(({ question }) => question);
    },
    ask<K extends Question['kind']>(asked: Asked<K>, signal: AbortSignal) {
      return new Promise<Answers[K]>((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason as Error);
        count += 1;
        const question = { ...asked, id: `q${count}` } as unknown as Question;
        const gone = (): void => {
          waiting.delete(question.id);
          signal.removeEventListener('abort', onAbort);
          onChange();
        };
        const onAbort = (): void => {
          gone();
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', onAbort, { once: true });
        waiting.set(question.id, {
          question,
          settle(answer) {
            gone();
            resolve(answer as Answers[K]);
          },
        });
        onChange();
      });
    },
    answer(id, answer) {
      const found = waiting.get(id);
      if (!found) return false;
      const isOne = (word: string): boolean => choicesOf(found.question).some((choice) => choice.answer === word);
      if (typeof answer === 'string' ? !isOne(answer) : found.question.kind !== 'stop') return false;
      found.settle(answer);
      return true;
    },
  };
}
