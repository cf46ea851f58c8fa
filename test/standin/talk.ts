import type { Asked, ToolResult } from './reply.ts';
import { ownWords } from './json.ts';

/** One thing said in a conversation, in the order of the request. */
export type Said =
  | { readonly by: 'person' | 'model'; readonly text: string }
  | { readonly by: 'call'; readonly id: string; readonly text: string }
  | { readonly by: 'tool'; readonly result: ToolResult };

type Talk = Pick<Asked, 'prompt' | 'conversation' | 'results' | 'turn'>;

/** What a script wants to know of a conversation. A person's word that holds nothing of its own does not count as one. */
export function talkOf(said: readonly Said[]): Talk {
  const last = said.findLastIndex((s) => s.by === 'person' && ownWords(s.text) !== '');
  const person = said[last];
  const after = said.slice(last + 1);
  const lastCall = after.findLastIndex((s) => s.by === 'call');
  return {
    prompt: person?.by === 'person' ? ownWords(person.text) : '',
    conversation: said.map((s) => (s.by === 'tool' ? s.result.text : s.text)).join('\n'),
    results: after.slice(lastCall + 1).flatMap((s) => (s.by === 'tool' ? [s.result] : [])),
    turn: after.filter((s, n) => s.by === 'call' && after[n - 1]?.by !== 'call').length,
  };
}
