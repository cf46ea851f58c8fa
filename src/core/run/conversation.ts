import type { Run } from './engine.ts';
import type { Section } from './prompts.ts';
import type { CallState } from './state.ts';

/** The conversation of a role so far, out of our own transcripts, for a model that did not hold it. */

/** Characters of one question, of one answer, and of all together; the youngest count most. */
const most = { asked: 6_000, said: 12_000, all: 60_000 };
/** What a failed attempt said is worth telling from so many characters on. */
const worthTelling = 80;

/**
 * What was asked and said in these calls, and what the failed attempts of this one had said before they were cut off.
 * Undefined when there is nothing to tell.
 */
export async function conversationOf(
  run: Run,
  calls: readonly CallState[],
  now: { call: string; attempts: number; writes: boolean },
): Promise<Section | undefined> {
  const { transcripts } = run.ports;
  const parts: string[] = [];
  for (let attempt = now.attempts; attempt > 0 && sizeOf(parts) < most.all; attempt--) {
    const { said } = await transcripts.read(now.call, attempt);
    if (said.trim().length < worthTelling) continue;
    const folder = now.writes ? ' What it did in the working folder is not there any more.' : '';
    parts.push(`[An attempt at this very task that was cut off had said]${folder}\n${end(said, most.said)}`);
  }
  for (const call of calls.toReversed()) {
    if (sizeOf(parts) >= most.all) break;
    const { asked, said } = await transcripts.read(call.call, call.attempt);
    if (asked === '' && said === '') continue;
    parts.push(`[Asked: ${call.title}]\n${end(taskIn(asked), most.asked)}\n\n[Said]\n${end(said, most.said)}`);
  }
  if (parts.length === 0) return undefined;
  return { title: 'The conversation in your role so far, oldest first', text: parts.toReversed().join('\n\n') };
}

/** A question without the form of its answer, which stands at its end. */
function taskIn(asked: string): string {
  const form = asked.lastIndexOf('\n\nEnd with exactly one ```json block');
  return form < 0 ? asked : asked.slice(0, form);
}

function end(text: string, characters: number): string {
  const whole = text.trim();
  return whole.length <= characters ? whole : `… ${whole.slice(-characters)}`;
}

const sizeOf = (parts: readonly string[]): number => parts.reduce((sum, part) => sum + part.length, 0);
