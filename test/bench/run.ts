/**
 * Speed as ratios, each measured in this one run: `npm run bench`, `npm run bench -- panel`, `npm run bench -- panel 600`;
 * `npm run bench -- load --minutes 10` and `npm run bench -- activation` in a real VS Code, only by their names.
 */
import { parseArgs } from 'node:util';
import { benchActivation } from './activation.ts';
import { benchCalls } from './calls.ts';
import { benchLoad } from './load.ts';
import { benchMemory } from './memory.ts';
import { benchPanel } from './panel.ts';
import { benchResume } from './resume.ts';
import { benchRoutes } from './routes.ts';
import { benchTrees } from './trees.ts';

interface Bench {
  run(seconds?: number): Promise<string[]>;
  /** Only when it is asked for by its name. */
  readonly named?: true;
}

const benches: Readonly<Record<string, Bench>> = {
  calls: { run: () => benchCalls() },
  resume: { run: () => benchResume() },
  trees: { run: () => benchTrees() },
  memory: { run: () => benchMemory() },
  routes: { run: () => benchRoutes() },
  panel: { run: benchPanel },
  load: { run: benchLoad, named: true },
  activation: { run: () => benchActivation(), named: true },
};

const { positionals, values } = parseArgs({ allowPositionals: true, options: { minutes: { type: 'string' } } });
const [name, given] = positionals;
if (name !== undefined && !Object.hasOwn(benches, name))
  throw new Error(`No such bench: ${name}. There are: ${Object.keys(benches).join(', ')}.`);
const seconds = values.minutes === undefined ? given && Number(given) : Number(values.minutes) * 60;
for (const bench of name === undefined ? Object.values(benches).filter(({ named }) => !named) : [benches[name]]) {
  const texts = (await bench?.run(seconds === undefined || seconds === '' ? undefined : seconds)) ?? [];
  for (const text of texts) process.stdout.write(`${text}\n`);
}
