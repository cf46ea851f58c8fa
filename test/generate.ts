// Writes the files that are made from the sources: `node test/generate.ts`. With --check it writes nothing, and fails
// when one of them is stale.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { generated, stale } from './generated.ts';

const check = process.argv.includes('--check');
const found = await stale();
const names = found.map(({ path }) => path).join(', ');

if (!check) {
  for (const { file, wanted } of found) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, wanted);
  }
  console.log(`Wrote: ${names || 'nothing new'}.`);
} else if (found.length > 0) {
  console.error(`Stale: ${names}. Run \`npm run generate\`.`);
  process.exitCode = 1;
} else {
  console.log(`Generated files: ${generated.length} up to date.`);
}
