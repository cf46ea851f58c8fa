import { ViewError } from './folder.ts';
import type { View } from './view.ts';

/** Files that go with the prompt. */
export interface PackedView {
  /** All paths, or the first of them. */
  readonly paths: string;
  /** Path and text of each file that is in it. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

export interface PackOptions {
  /** The most that the files may take, in bytes. */
  readonly bytes: number;
  /** Also files that the prompt does not name, the smallest first: for a model that cannot ask for more. */
  readonly whole: boolean;
}

const pathsMost = 400;

/** The list of files, and the text of those that the prompt names, as far as there is room. */
export async function packView(view: View, prompt: string, { bytes, whole }: PackOptions): Promise<PackedView> {
  const paths = await view.list('**');
  const named = paths.filter((path) => prompt.includes(path));
  const files: { path: string; text: string }[] = [];
  let room = bytes;
  const take = (path: string, text: string): void => {
    const size = Buffer.byteLength(text) + path.length;
    if (size > room) return;
    room -= size;
    files.push({ path, text });
  };
  for (const path of named) {
    const text = await textOf(view, path);
    if (text !== undefined) take(path, text);
  }
  if (whole) {
    const rest: { path: string; text: string }[] = [];
    for (const path of paths.filter((p) => !named.includes(p)).slice(0, pathsMost)) {
      const text = await textOf(view, path);
      if (text !== undefined) rest.push({ path, text });
    }
    for (const { path, text } of rest.toSorted((a, b) => a.text.length - b.text.length)) take(path, text);
  }
  const more = paths.length > pathsMost ? `\n… and ${paths.length - pathsMost} more` : '';
  return { paths: paths.slice(0, pathsMost).join('\n') + more, files };
}

async function textOf(view: View, path: string): Promise<string | undefined> {
  try {
    return await view.read(path);
  } catch (error) {
    if (error instanceof ViewError) return undefined;
    throw error;
  }
}
