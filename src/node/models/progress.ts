import { askProgressKey, askProgressSchema } from '../../core/ask.ts';
import type { AskProgress } from '../../core/ask.ts';
import { oneLine } from './text.ts';

/** What a progress notification says; undefined when that is nothing for people. Its text is a model's: data. */
export function progressOf(params: Readonly<Record<string, unknown>>): AskProgress | undefined {
  const meta = params['_meta'];
  if (typeof meta === 'object' && meta !== null && Object.hasOwn(meta, askProgressKey)) {
    const parsed = askProgressSchema.safeParse((meta as Record<string, unknown>)[askProgressKey]).data;
    // A title is a label. Text and thoughts are counted elsewhere.
    if (parsed?.kind === 'tool')
      return {
        ...parsed,
        title: oneLine(parsed.title, 300),
        ...(parsed.status === undefined ? {} : { status: oneLine(parsed.status, 60) }),
      };
    return parsed;
  }
  const message = params['message'];
  return typeof message === 'string' && message !== '' ? { kind: 'text', text: message } : undefined;
}

/** What is told apart between two deliveries. Of a longer flood every kind is joined, and of its tools the last one told. */
const mostApart = 60;

export interface Delivery {
  push(progress: AskProgress): void;
  /** Delivers what waits. Nothing comes after it but what is pushed anew. */
  flush(): void;
  /** Throws away what waits. */
  drop(): void;
}

/**
 * Delivers progress in order, the first at once and then at most once in `everyMs`, what came meanwhile joined: a flood
 * of notifications must not become a flood of work. No text and no thought is lost; only in a flood do they lose their
 * place among each other.
 */
export function deliver(to: (progress: AskProgress) => void, everyMs: number): Delivery {
  let waiting: AskProgress[] = [];
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    const now = waiting;
    waiting = [];
    for (const progress of now) to(progress);
  };
  const next = (): void => {
    timer = undefined;
    if (waiting.length === 0) return;
    flush();
    timer = setTimeout(next, everyMs);
  };

  return {
    push(progress) {
      const flood = waiting.length >= mostApart;
      const place = flood ? waiting.findLastIndex(({ kind }) => kind === progress.kind) : waiting.length - 1;
      const joined = joinedTo(waiting[place], progress, flood);
      if (joined) waiting[place] = joined;
      else waiting.push(progress);
      if (timer !== undefined) return;
      flush();
      timer = setTimeout(next, everyMs);
    },
    flush() {
      clearTimeout(timer);
      timer = undefined;
      flush();
    },
    drop() {
      clearTimeout(timer);
      waiting = [];
    },
  };
}

function joinedTo(last: AskProgress | undefined, next: AskProgress, flood: boolean): AskProgress | undefined {
  if (last?.kind === 'text' && next.kind === 'text') return { kind: 'text', text: last.text + next.text };
  if (last?.kind === 'thought' && next.kind === 'thought') return { kind: 'thought', text: last.text + next.text };
  if (last?.kind === 'usage' && next.kind === 'usage') return next;
  return flood && last?.kind === 'tool' && next.kind === 'tool' ? next : undefined;
}
