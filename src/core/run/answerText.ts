import { z } from 'zod';
import { type Answer, type AnswerKind, answerSchemas } from './answers.ts';

const fence = /^[ \t]*```json[^\n]*\n([\s\S]*?)^[ \t]*```[ \t]*$/gm;

/**
 * The typed answer in a model's text: its only ```json block, or the whole text. Two blocks fail closed: which one was
 * meant is not ours to guess.
 */
export function readAnswer<K extends AnswerKind>(kind: K, text: string): { answer: Answer<K> } | { problem: string } {
  const blocks = [...text.matchAll(fence)].map((m) => m[1] ?? '');
  if (blocks.length > 1) return { problem: `It holds ${blocks.length} \`\`\`json blocks; exactly one is wanted.` };
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

/** The form of an answer, for the prompt. */
export function formOf(kind: AnswerKind): string {
  const { $schema: _, ...schema } = z.toJSONSchema(answerSchemas[kind], { io: 'input' }) as Record<string, unknown>;
  return JSON.stringify(schema);
}
