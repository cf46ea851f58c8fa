// Looks at the form of the sources: what a reader should not have to think about.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

const rules: readonly [message: string, breaks: (line: string, file: string) => boolean][] = [
  ['white space at the end of the line', (line) => /\s$/.test(line)],
  ['a tab', (line) => line.includes('\t')],
  ['more than 120 characters', (line) => line.length > 120],
  ['the type any', (line) => /[:<]\s*any\b/.test(line)],
  ['an import without .ts', (line) => /from '\.[^']*(?<!\.ts)'/.test(line)],
];

const problems: string[] = [];
for (const folder of ['src', 'test', 'scripts']) {
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const text = await readFile(file, 'utf8');
    if (!text.endsWith('\n') || text.endsWith('\n\n')) problems.push(`${file}: ends with exactly one line end`);
    for (const [n, line] of text.split('\n').entries()) {
      for (const [message, breaks] of rules) if (breaks(line, file)) problems.push(`${file}:${n + 1}: ${message}`);
    }
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  console.log('The sources are in good form.');
}
