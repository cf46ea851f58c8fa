import { z } from 'zod';
import { type Answer, type AnswerKind, answerSchemas } from './answers.ts';

/**
 * What stands in the ```json blocks of a text, in order; a last one that does not end is there as undefined. Line by
 * line and not by one pattern, whose time would grow with the square of an answer made of openings.
 */
function blocksOf(text: string): (string | undefined)[] {
  const blocks: (string | undefined)[] = [];
  const lines = text.split('\n');
  let from = -1;
  for (const [n, line] of lines.entries()) {
    if (from < 0 && /^[ \t]*```json/.test(line)) from = n + 1;
    else if (from >= 0 && /^[ \t]*```[ \t\r]*$/.test(line)) {
      blocks.push(lines.slice(from, n).join('\n'));
      from = -1;
    }
  }
  return from < 0 ? blocks : [...blocks, undefined];
}

/**
 * The typed answer in a model's text: its only ```json block, or the whole text. Two blocks fail closed: which one was
 * meant is not ours to guess.
 */
export function readAnswer<K extends AnswerKind>(kind: K, text: string): { answer: Answer<K> } | { problem: string } {
  const blocks = blocksOf(text);
  if (blocks.length > 1) return { problem: `It holds ${blocks.length} \`\`\`json blocks; exactly one is wanted.` };
  if (blocks.length === 1 && blocks[0] === undefined) return { problem: 'Its ```json block does not end.' };
  const source = blocks[0] ?? text;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (error) {
    const why =
      blocks.length === 0
        ? 'It holds no ```json block'
        : `Its \`\`\`json block is not JSON: ${(error as Error).message}`;
    return { problem: `${why}.` };
  }
  const parsed = answerSchemas[kind].safeParse(value);
  if (!parsed.success)
    return { problem: `The answer does not have the form that was asked for:\n${z.prettifyError(parsed.error)}` };
  return { answer: parsed.data as Answer<K> };
}

const forms = new Map<AnswerKind, string>();

/** The form of an answer, for the prompt. */
export function formOf(kind: AnswerKind): string {
  const known = forms.get(kind);
  if (known !== undefined) return known;
  const { $schema: _, ...schema } = z.toJSONSchema(answerSchemas[kind], { io: 'input' }) as Record<string, unknown>;
  const form = JSON.stringify(schema);
  forms.set(kind, form);
  return form;
}
