// Writes the files that are made from the sources: `node test/generate.ts`. With --check it writes nothing, and fails
// when one of them is stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { teamFileSchema } from '../src/core/team/file.ts';

const root = resolve(import.meta.dirname, '..');

/** One row per generated file: its path from the root, and its text. */
const generated: [path: string, text: () => string][] = [
  ['media/team.schema.json', () => json(z.toJSONSchema(teamFileSchema, { target: 'draft-7', io: 'input' }))],
];

const check = process.argv.includes('--check');
const stale: string[] = [];
for (const [path, text] of generated) {
  const file = resolve(root, path);
  const wanted = text();
  const present = await readFile(file, 'utf8').catch(() => undefined);
  if (present === wanted) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, wanted);
}

if (check && stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run \`npm run generate\`.`);
  process.exitCode = 1;
} else {
  console.log(
    check ? `Generated files: ${generated.length} up to date.` : `Wrote: ${stale.join(', ') || 'nothing new'}.`,
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
