import type { Failure } from '../ask.ts';
import type { Answer, AnswerKind } from './answers.ts';
import type { CallSpec } from './callSpec.ts';
import type { Run } from './engine.ts';
import type { EventOf } from './events.ts';
import { overRoutes } from './overRoutes.ts';
import { RunStopped } from './stopped.ts';

export type CallResult<K extends AnswerKind> =
  | { readonly ok: true; readonly answer: Answer<K>; readonly event: EventOf<'call.ended'> }
  | { readonly ok: false; readonly failure: Failure; readonly event: EventOf<'call.ended'> };

/** One prompt to one role, over its routes in order, as one step. Its failure is a value unless `required`. */
export async function call<K extends AnswerKind>(run: Run, spec: CallSpec<K>): Promise<CallResult<K>> {
  const event = await run.step(spec.key, 'call.ended', spec.inputs, async (emit) => {
    const ended = await overRoutes(run, spec, emit);
    if (!ended.ok && spec.required) {
      await emit({ type: 'call.ended', ...ended });
      if (ended.failure?.kind === 'person')
        throw new RunStopped(
          'stopped',
          `${spec.cast.title} is needed, and was stopped: ${ended.failure.message}`,
          'Go on with `orchestra resume`.',
        );
      throw new RunStopped(
        'failed',
        `${spec.cast.title} could not be had: ${ended.failure?.message ?? 'no answer'}`,
        'Mend it (see `orchestra doctor`), then `orchestra resume`.',
      );
    }
    return ended;
  });
  if (event.ok) return { ok: true, answer: event.answer as Answer<K>, event };
  return { ok: false, failure: event.failure ?? { kind: 'error', message: 'no answer' }, event };
}
