import { askProgressKey, askProgressSchema } from '../../core/ask.ts';
import type { AskProgress } from '../../core/ask.ts';
import { oneLine } from './text.ts';

/** What a progress notification says; undefined when that is nothing for people. Its text is a model's: data. */
export function progressOf(params: Readonly<Record<string, unknown>>): AskProgress | undefined {
  const meta = params['_meta'];
  if (typeof meta === 'object' && meta !== null && Object.hasOwn(meta, askProgressKey)) {
    const parsed = askProgressSchema.safeParse((meta as Record<string, unknown>)[askProgressKey]).data;
    // A title is a label. Text and thoughts are counted elsewhere.
    if (parsed?.kind === 'tool') return { ...parsed, title: oneLine(parsed.title, 300), ...(parsed.status === undefined ? {} : { status: oneLine(parsed.status, 60) }) };
    return parsed;
  }
  const message = params['message'];
  return typeof message === 'string' && message !== '' ? { kind: 'text', text: message } : undefined;
}

/** Tools that are told between two deliveries; of a flood the last ones are worth as much as all. */
const mostTools = 50;

export interface Delivery {
  push(progress: AskProgress): void;
  /** Delivers what waits. Nothing comes after it but what is pushed anew. */
  flush(): void;
  /** Throws away what waits. */
  drop(): void;
}

/**
 * Delivers progress in order, the first at once and then at most once in `everyMs`, what came meanwhile joined: a flood
 * of notifications must not become a flood of work. No text and no thought is lost.
 */
export function deliver(to: (progress: AskProgress) => void, everyMs: number): Delivery {
  let waiting: AskProgress[] = [];
  let tools = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    const now = waiting;
    waiting = [];
    tools = 0;
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
      const last = waiting.at(-1);
      if (last?.kind === 'text' && progress.kind === 'text') {
        waiting[waiting.length - 1] = { kind: 'text', text: last.text + progress.text };
      } else if (last?.kind === 'thought' && progress.kind === 'thought') {
        waiting[waiting.length - 1] = { kind: 'thought', text: last.text + progress.text };
      } else if (last?.kind === 'usage' && progress.kind === 'usage') {
        waiting[waiting.length - 1] = progress;
      } else {
        if (progress.kind === 'tool' && ++tools > mostTools) {
          waiting.splice(waiting.findIndex(({ kind }) => kind === 'tool'), 1);
          tools--;
        }
        waiting.push(progress);
      }
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
