/** Speed as ratios, each measured in this one run: `npm run bench`. */
import { benchCalls } from './calls.ts';
import { benchResume } from './resume.ts';
import { benchTrees } from './trees.ts';

for (const bench of [benchCalls, benchResume, benchTrees]) {
  for (const text of await bench()) process.stdout.write(`${text}\n`);
}
