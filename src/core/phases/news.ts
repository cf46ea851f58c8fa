import { headOf, isFor } from '../bus/heads.ts';
import { clipBytes, utf8Bytes } from '../bus/text.ts';
import type { Section } from '../run/prompts.ts';
import type { Cast } from '../team/file.ts';
import type { RunState } from '../run/state.ts';

/** What a role is told of the bus with its next prompt. */

/** So many bytes of what others said to this role go into a prompt in full; the rest is named, and can be read. */
const wholeBytes = 8 * 1024;
const eachBytes = 2 * 1024;
const linesMost = 40;

/**
 * What came for this role since the prompt of its last call that was answered: what models said to it in full, as far as there is room,
 * of all else who said what in a line. Who orchestrates is told what the others say to each other, too. The person's word is not in it: a
 * prompt gives that a place of its own.
 */
export function newsFor(state: Pick<RunState, 'messages' | 'calls'>, cast: Pick<Cast, 'role' | 'duties'>): Section[] {
  const { role } = cast;
  const leads = cast.duties.includes('orchestrate');
  const seen = Object.values(state.calls)
    .filter((c) => c.role === role && c.state === 'done')
    .reduce((most, c) => Math.max(most, c.heard), 0);
  const news = state.messages.filter(
    (m) => m.seq > seen && m.from !== role && m.from !== 'person' && (leads || isFor(m, role)),
  );
  if (news.length === 0) return [];
  let room = wholeBytes;
  const whole: string[] = [];
  const lines: string[] = [];
  for (const m of news) {
    const spoken = m.to.includes(role) || m.call !== undefined || m.kind === 'answer' || !m.verified;
    const text = `${headOf(m)}\n${indented(clipped(m.body))}`;
    if (spoken && utf8Bytes(text) <= room) {
      room -= utf8Bytes(text);
      whole.push(text);
    } else lines.push(headOf(m));
  }
  const left = lines.length - linesMost;
  return [
    {
      title: 'New on the bus, what the other roles posted since you were last asked',
      text: [
        ...whole,
        ...(lines.length > 0
          ? [[...(left > 0 ? [`(${left} earlier ones)`] : []), ...lines.slice(-linesMost)].join('\n')]
          : []),
      ].join('\n\n'),
    },
  ];
}

function clipped(body: string): string {
  const text = clipBytes(body.trim(), eachBytes);
  return text.length < body.trim().length ? `${text}\n[…]` : text;
}

function indented(text: string): string {
  return text.replace(/^/gm, '  ');
}
