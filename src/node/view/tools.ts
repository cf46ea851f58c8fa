import { z } from 'zod';
import type { Access } from '../../core/ask.ts';
import type { ModelTool } from '../modelTool.ts';
import { ViewError } from './folder.ts';
import type { View } from './view.ts';

// The tools by which a model without files of its own looks at a folder and says what it wants changed there.

const linesMost = 2000;
const textMost = 64 * 1024;
const listMost = 600;

const path = z.string().describe('Relative to the working folder, with `/`.');
const glob = z.string().default('**').describe('A glob: `src/**`, `**/*.ts`. Default: everything.');

/**
 * The tools over a view; those that edit only for a writer. Called side by side, as models do, they run one after the
 * other: two edits of one file must not be made from the same text.
 */
export function viewTools(view: View, access: Access): ModelTool[] {
  let last: Promise<unknown> = Promise.resolve();
  return toolsOf(view, access).map((each) => ({
    ...each,
    run(args) {
      const turn = last.then(() => each.run(args));
      last = turn.catch(() => {});
      return turn;
    },
  }));
}

function toolsOf(view: View, access: Access): ModelTool[] {
  const reading = [
    tool(
      'list_files',
      'Lists the files of the working folder.',
      z.object({ glob }),
      (a) => `lists ${a.glob}`,
      async (a) => listText(await view.list(a.glob)),
    ),
    tool(
      'read_file',
      'Reads a text file, or a part of it.',
      z.object({
        path,
        from: z.int().positive().default(1).describe('First line.'),
        lines: z.int().positive().max(linesMost).default(linesMost),
      }),
      (a) => `reads ${a.path}`,
      async (a) => partOf(a.path, await view.read(a.path), a.from, a.lines),
    ),
    tool(
      'search_files',
      'Finds the lines that hold these words, upper and lower case alike. No pattern: the words as they are.',
      z.object({ words: z.string().min(1).max(400), glob }),
      (a) => `searches for ${a.words}`,
      async (a) => {
        const { hits, more } = await view.search(a.words, a.glob);
        return hits.length === 0 ? 'Nothing found.' : `${hits.join('\n')}${more ? '\n… and more' : ''}`;
      },
    ),
  ];
  if (access === 'read') return reading;
  return [
    ...reading,
    tool(
      'replace_in_file',
      'Changes one place in a file: the old text must stand there exactly once.',
      z.object({ path, old: z.string(), new: z.string() }),
      (a) => `edits ${a.path}`,
      (a) => view.replace(a.path, a.old, a.new),
    ),
    tool(
      'write_file',
      'Makes a file, or writes one anew as a whole.',
      z.object({ path, content: z.string() }),
      (a) => `writes ${a.path}`,
      (a) => view.write(a.path, a.content),
    ),
    tool(
      'remove_file',
      'Removes a file.',
      z.object({ path }),
      (a) => `removes ${a.path}`,
      (a) => view.remove(a.path),
    ),
  ];
}

function tool<S extends z.ZodObject>(
  name: string,
  description: string,
  input: S,
  title: (args: z.infer<S>) => string,
  run: (args: z.infer<S>) => Promise<string>,
): ModelTool {
  return {
    name,
    description,
    schema: { ...z.toJSONSchema(input, { io: 'input', target: 'draft-7' }), additionalProperties: false },
    title(args) {
      const read = input.safeParse(args);
      return read.success ? title(read.data).slice(0, 200) : name;
    },
    async run(args) {
      const read = input.safeParse(args);
      if (!read.success) return `Not done: ${z.prettifyError(read.error)}`;
      try {
        return await run(read.data);
      } catch (error) {
        if (error instanceof ViewError) return `Not done: ${error.message}`;
        throw error;
      }
    },
  };
}

function listText(paths: readonly string[]): string {
  if (paths.length === 0) return 'No file.';
  const more = paths.length > listMost ? `\n… and ${paths.length - listMost} more: ask with a narrower glob` : '';
  return `${paths.slice(0, listMost).join('\n')}${more}`;
}

function partOf(path: string, text: string, from: number, count: number): string {
  const lines = text.split('\n');
  let part = lines.slice(from - 1, from - 1 + count);
  let letters = 0;
  const cut = part.findIndex((line) => (letters += line.length + 1) > textMost);
  if (cut > 0) part = part.slice(0, cut);
  const shown = part.join('\n').slice(0, textMost);
  const last = from - 1 + part.length;
  if (from === 1 && last >= lines.length && shown.length === text.length) return text;
  return `${shown}\n(${path}: lines ${from} to ${last} of ${lines.length})`;
}
