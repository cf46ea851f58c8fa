import type { Edit } from '../../core/ask.ts';
import { redactor } from '../../core/bus/redact.ts';
import { globOf, matches } from '../../core/change/globs.ts';
import { allowed } from '../../core/change/paths.ts';
import { filesBelow, namedPath, textBelow, ViewError } from './folder.ts';

/**
 * What a model without files of its own sees of a folder, and the edits that it wants there. Nothing is written: an edit
 * lies over the folder, later reads show it, and the engine gets all of them in the end.
 */

export interface ViewOptions {
  /** Absolute path of the checkout or workspace. */
  readonly cwd: string;
  /** Globs that a writer was given. What lies outside is told to it, and judged by the engine. */
  readonly paths?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Edits that were made before in the same call. */
  readonly edits?: readonly Edit[] | undefined;
}

export interface View {
  /** Paths that a glob matches, sorted. */
  list(glob: string): Promise<string[]>;
  /** The whole text, without the secrets in it. Throws `ViewError`. */
  read(path: string): Promise<string>;
  /** Lines that hold the words, any case. */
  search(words: string, glob: string): Promise<{ hits: string[]; more: boolean }>;
  write(path: string, content: string): Promise<string>;
  replace(path: string, before: string, after: string): Promise<string>;
  remove(path: string): Promise<string>;
  /** What was wanted so far, in the order in which the files were first touched. */
  edits(): Edit[];
}

const hitsMost = 100;
const hitLetters = 240;
const searchBytes = 64 * 1024 * 1024;
const editBytes = 1024 * 1024;
const allEditsBytes = 16 * 1024 * 1024;
const editsMost = 400;

/** Opens the view of one call. */
export function openView({ cwd, paths, signal, edits: before = [] }: ViewOptions): View {
  const edits = new Map(before.map(({ path, content }) => [path, content]));
  const redact = redactor([]);
  let listed: Promise<string[]> | undefined;

  const all = async (): Promise<string[]> => {
    const found = await (listed ??= filesBelow(cwd, signal));
    const here = new Set([...found, ...edits.keys()].filter((path) => edits.get(path) !== null));
    return [...here].toSorted((a, b) => (a < b ? -1 : 1));
  };
  /** As it is, with what may be secret in it. */
  const raw = async (path: string): Promise<string | undefined> => {
    signal.throwIfAborted();
    const edited = edits.get(path);
    return edited === undefined ? textBelow(cwd, path) : (edited ?? undefined);
  };
  const mustBe = async (path: string): Promise<string> => {
    const text = await raw(path);
    if (text === undefined) throw new ViewError(`There is no file ${path}.`);
    return text;
  };
  const set = (path: string, content: string | null): string => {
    const bytes = (text: string | null): number => Buffer.byteLength(text ?? '');
    if (bytes(content) > editBytes) throw new ViewError(`${path} would be longer than ${editBytes} bytes.`);
    const others = [...edits].filter(([p]) => p !== path);
    if (others.length >= editsMost || others.reduce((n, [, c]) => n + bytes(c), bytes(content)) > allEditsBytes)
      throw new ViewError('These are too many edits for one call.');
    edits.set(path, content);
    return paths && !allowed(paths, path)
      ? ` But it lies outside the paths that you were given (${paths.join(', ')}), and counts as a conflict.`
      : '';
  };

  return {
    async list(glob) {
      const wanted = globOf(glob);
      return (await all()).filter((path) => matches(wanted, path));
    },
    async read(path) {
      return redact(await mustBe(namedPath(path))).text;
    },
    async search(words, glob) {
      if (words.trim() === '') throw new ViewError('There are no words to look for.');
      const wanted = globOf(glob);
      const needle = words.toLowerCase();
      const hits: string[] = [];
      let bytes = 0;
      for (const path of await all()) {
        if (!matches(wanted, path)) continue;
        const text = await raw(path).catch((error: unknown) => {
          if (error instanceof ViewError) return undefined;
          throw error;
        });
        bytes += text?.length ?? 0;
        if (bytes > searchBytes) return { hits, more: true };
        if (!text?.toLowerCase().includes(needle)) continue;
        for (const [n, line] of redact(text).text.split('\n').entries()) {
          if (!line.toLowerCase().includes(needle)) continue;
          if (hits.length >= hitsMost) return { hits, more: true };
          hits.push(`${path}:${n + 1}: ${line.trim().slice(0, hitLetters)}`);
        }
      }
      return { hits, more: false };
    },
    async write(path, content) {
      const named = namedPath(path);
      const old = await raw(named);
      // What the model saw is not what stands there: its whole file would put marks where secrets are.
      if (old !== undefined && redact(old).count > 0)
        throw new ViewError(`${named} holds secrets that you do not see: change it with replace_in_file only.`);
      return `${named} is ${old === undefined ? 'new' : 'written anew'}.${set(named, content)}`;
    },
    async replace(path, before, after) {
      const named = namedPath(path);
      const old = await mustBe(named);
      if (before === '') throw new ViewError('The text to replace is empty.');
      const at = old.indexOf(before);
      if (at < 0) throw new ViewError(`${named} does not hold that text. Read it again and copy the lines exactly.`);
      if (old.includes(before, at + 1))
        throw new ViewError(`${named} holds that text more than once. Take more lines, so that it is one place.`);
      return `${named} is changed.${set(named, old.slice(0, at) + after + old.slice(at + before.length))}`;
    },
    async remove(path) {
      const named = namedPath(path);
      await mustBe(named);
      return `${named} is removed.${set(named, null)}`;
    },
    edits: () => [...edits].map(([path, content]) => ({ path, content })),
  };
}
