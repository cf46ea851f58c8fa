/** Speed as ratios, each measured in this one run: `npm run bench`, `npm run bench -- panel`, `npm run bench -- panel 600`. */
import { benchCalls } from './calls.ts';
import { benchMemory } from './memory.ts';
import { benchPanel } from './panel.ts';
import { benchResume } from './resume.ts';
import { benchRoutes } from './routes.ts';
import { benchTrees } from './trees.ts';

const benches: Readonly<Record<string, (seconds?: number) => Promise<string[]>>> = {
  calls: () => benchCalls(),
  resume: () => benchResume(),
  trees: () => benchTrees(),
  memory: () => benchMemory(),
  routes: () => benchRoutes(),
  panel: benchPanel,
};

const [name, seconds] = process.argv.slice(2);
if (name !== undefined && !Object.hasOwn(benches, name))
  throw new Error(`No such bench: ${name}. There are: ${Object.keys(benches).join(', ')}.`);
for (const bench of name === undefined ? Object.values(benches) : [benches[name]]) {
  const texts = (await bench?.(seconds === undefined ? undefined : Number(seconds))) ?? [];
  for (const text of texts) process.stdout.write(`${text}\n`);
}
