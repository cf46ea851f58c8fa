import { z } from 'zod';
import type { Code } from '../../node/memory/code/serena.ts';
import type { Tool } from '../../node/toolServer.ts';

const path = z.string().min(1).max(400);

/** Nothing, as Serena says it, in words: an empty list would pass for a proof. */
async function found(asked: ReturnType<Code['ask']>, nothing: string): ReturnType<Code['ask']> {
  const said = await asked;
  return /^\s*(?:\{\s*\}|\[\s*\])?\s*$/.test(said.text) ? { ...said, text: nothing } : said;
}

const noSymbol =
  'Nothing is found. It may be in a language without these tools, or not be a symbol: search for its text.';
const noReference =
  'Nobody is found who refers to it. Where a TypeScript or JavaScript project has no tsconfig.json or jsconfig.json, only files that were looked at count: search for its text, too.';

/** The tools, by names of our own: Serena's differ from version to version. */
export function codeTools(code: Code): Tool[] {
  const file = z.strictObject({
    path: path.describe('A file, relative to the working folder.'),
    depth: z.number().int().min(0).max(3).optional().describe('How deep: 1 shows methods of classes, too.'),
  });
  const symbol = z.strictObject({
    name: z.string().min(1).max(300).describe('A name, or a path of names: `shout`, `Greeter/greet`.'),
    path: path.optional().describe('Only in this file or folder. It is faster.'),
    body: z.boolean().default(false).describe('With its source.'),
    part: z.boolean().default(false).describe('The name may be a part of a longer one.'),
  });
  const reference = z.strictObject({
    name: z.string().min(1).max(300).describe('As code_find gives it.'),
    path: path.describe('The file in which it is defined.'),
  });
  return [
    {
      name: 'code_symbols',
      description: 'What is defined in a file: classes, functions, constants. The first call takes up to a minute.',
      schema: file,
      readOnly: true,
      run(input, signal) {
        const { path: relative_path, depth } = file.parse(input);
        return found(code.ask('get_symbols_overview', { relative_path, depth }, signal), noSymbol);
      },
    },
    {
      name: 'code_find',
      description: 'Where a symbol is defined, and its source. Better than a text search when you know the name.',
      schema: symbol,
      readOnly: true,
      run(input, signal) {
        const { name, path: relative_path, body, part } = symbol.parse(input);
        const more = { relative_path, include_body: body, substring_matching: part };
        return found(code.ask('find_symbol', { name_path_pattern: name, ...more }, signal), noSymbol);
      },
    },
    {
      name: 'code_references',
      description: 'Who uses a symbol: every place in the code that refers to it, by the language server.',
      schema: reference,
      readOnly: true,
      run(input, signal) {
        const { name, path: relative_path } = reference.parse(input);
        return found(code.ask('find_referencing_symbols', { name_path: name, relative_path }, signal), noReference);
      },
    },
  ];
}
