import { clipBytes, oneLine, utf8Bytes } from '../bus/text.ts';
import type { AnswerKind } from '../run/answers.ts';
import type { Run } from '../run/engine.ts';
import type { Section } from '../run/prompts.ts';

/** What a run begins with: the project's lasting memories, as data. */

const namesMost = 80;
const wholeBytes = 6 * 1024;
const eachBytes = 2 * 1024;
/** Memories whose texts are looked at for what the task is about. */
const readMost = 60;

const sections = new WeakMap<Run, Promise<Section[]>>();

/** Who plans, writes and judges is told; what rests on the plan alone is not. */
const told: ReadonlySet<AnswerKind> = new Set(['triage', 'findings', 'plan', 'criteria', 'written']);

/** What a prompt of this kind says of the project's memories: all names, and of those that have to do with the task the text. Read once in a process. */
export async function memorySections(run: Run, kind: AnswerKind): Promise<Section[]> {
  if (!told.has(kind)) return [];
  const made = sections.get(run) ?? sectionsOf(run);
  sections.set(run, made);
  return made;
}

async function sectionsOf(run: Run): Promise<Section[]> {
  const { knowledge, log } = run.ports;
  const names = await knowledge.list().catch((error: unknown) => {
    log.warn(`The project's memories cannot be read: ${String(error)}`);
    return [];
  });
  if (names.length === 0) return [];
  const about = wordsOf(`${run.state().task} ${run.state().title}`);
  const found: { name: string; text: string; score: number }[] = [];
  for (const name of names.slice(0, readMost)) {
    const text = await knowledge.read(name).catch(() => undefined);
    if (text === undefined || text.trim() === '') continue;
    const score =
      (general.test(name) ? 2 : 0) + shared(about, wordsOf(name)) * 3 + shared(about, wordsOf(text.slice(0, 4000)));
    if (score > 0) found.push({ name, text, score });
  }
  let room = wholeBytes;
  const whole: string[] = [];
  for (const { name, text } of found.toSorted((a, b) => b.score - a.score)) {
    const shown = clipBytes(text.trim(), Math.min(eachBytes, room));
    const part = `${name}:\n${shown.replace(/^/gm, '  ')}${shown.length < text.trim().length ? '\n  […]' : ''}`;
    if (utf8Bytes(part) > room) continue;
    room -= utf8Bytes(part);
    whole.push(part);
  }
  const left = names.length - namesMost;
  const list = `All: ${names
    .slice(0, namesMost)
    .map((n) => oneLine(n, 100))
    .join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
  return [
    {
      title: 'What the project remembers, from its memories in .serena/memories; it may be out of date',
      text: [...whole, list].join('\n\n'),
    },
  ];
}

/** Of use whatever the task is. */
const general = /(?:overview|convention|style|structure|architecture|decision|checklist|completion|commands|^core)/;

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{4,40}/gu) ?? []);
}

function shared(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  return [...a].filter((word) => b.has(word)).length;
}
