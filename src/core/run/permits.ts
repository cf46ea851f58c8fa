import type { Access, AskPermission } from '../ask.ts';
import { reasonOf } from '../errors.ts';
import type { Emit, Run } from './engine.ts';
import type { Phase } from './events.ts';
import { policyOf } from './permission.ts';

/** The attempt that asks. */
export interface Asking {
  readonly call: string;
  readonly attempt: number;
  readonly role: string;
  /** The role's name for people. */
  readonly title: string;
  readonly phase: Phase;
  readonly access: Access;
}

export interface Permits {
  ask(request: AskPermission): Promise<'once' | 'run' | 'no'>;
  /** The attempt is over, and so are its questions: what nobody has answered is a no. Resolves when that is in the journal. */
  end(): Promise<void>;
}

/** The permission requests of one attempt: what the policy leaves open the person is asked, and the attempt's time stands still meanwhile. */
export function permitsOf(
  run: Run,
  asking: Asking,
  pause: <T>(wait: () => Promise<T>) => Promise<T>,
  emit: Emit,
): Permits {
  const { call, attempt, role, title, phase, access } = asking;
  const { ports } = run;
  const over = new AbortController();
  const signal = AbortSignal.any([run.signal, over.signal]);
  const open = new Set<Promise<unknown>>();
  let asked = 0;

  const decide = async (request: AskPermission): Promise<'once' | 'run' | 'no'> => {
    const ref = { call, role, phase };
    const id = ports.hash(`${call} ${attempt} ${(asked += 1)}`).slice(0, 12);
    await emit({ type: 'permission.asked', ...ref, id, ...request });
    let said: Awaited<ReturnType<typeof ports.person.permit>> = 'nobody';
    try {
      said = await pause(() => run.pauseClock(() => ports.person.permit({ ...request, role: title, call }, signal)));
    } catch (error) {
      if (!signal.aborted) ports.log.warn(`Nobody could be asked: ${reasonOf(error)}`);
    }
    const answer = said === 'nobody' ? 'no' : said;
    const by = said === 'nobody' ? (signal.aborted ? 'the call was over' : 'nobody there to ask') : ports.person.name;
    await emit({ type: 'permission.answered', ...ref, id, answer, by });
    return answer;
  };

  return {
    async ask(request) {
      if (signal.aborted) return 'no';
      const policy = policyOf(request, access, run.input.team, run.state().allowed);
      if (policy !== 'ask') return policy === 'pass' ? 'once' : 'no';
      const deciding = decide(request);
      open.add(deciding);
      try {
        return await deciding;
      } finally {
        open.delete(deciding);
      }
    },
    async end() {
      over.abort();
      await Promise.allSettled(open);
    },
  };
}
