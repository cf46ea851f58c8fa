// Runs every suite that needs nothing but npm packages, git and a browser, one after the other, and says at the end how each went.
//   node test/all.ts [suite ...]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';

/** Names of scripts in package.json, without their `test:`. */
const suites = ['unit', 'panel', 'host', 'pages', 'agents'];

interface Result {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  /** Titles of tests that did not run, each with its reason in it. */
  readonly notRun: readonly string[];
  /** Titles of tests that failed once and passed, or failed again, when tried a second time. */
  readonly triedAgain: readonly string[];
  readonly seconds: number;
}

/** One suite, its output passed on as it comes; mocha's closing lines are counted. */
async function run(suite: string): Promise<Result> {
  const started = performance.now();
  console.log(`\n${styleText('bold', `+ npm run test:${suite}`)}`);
  // What it needs is built once, before `npm test`: not before each suite again.
  const child = spawn('npm', ['run', '--silent', '--ignore-scripts', `test:${suite}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    shell: process.platform === 'win32',
  });
  const counted = { passing: 0, failing: 0 };
  const notRun: string[] = [];
  const triedAgain: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    const [, number, word] = /^\s*(\d+) (passing|failing)\b/.exec(line) ?? [];
    if (word === 'passing' || word === 'failing') counted[word] += Number(number);
    const [, title] = /^\s+- (.+)$/.exec(line) ?? [];
    if (title !== undefined && counted.failing === 0) notRun.push(title);
    const [, again] = /^\s+tried again: (.+)$/.exec(line) ?? [];
    if (again !== undefined) triedAgain.push(again);
  }
  if (child.exitCode === null) await once(child, 'exit');
  // A suite that ended badly without a failing test, or that ran none at all, counts as one failure.
  const bad = child.exitCode !== 0 || counted.passing + counted.failing === 0;
  return {
    suite,
    passed: counted.passing,
    failed: bad ? Math.max(1, counted.failing) : counted.failing,
    notRun,
    triedAgain,
    seconds: Math.round((performance.now() - started) / 1000),
  };
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !suites.includes(name));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(', ')}. There are: ${suites.join(', ')}.`);
  process.exit(2);
}
const results: Result[] = [];
for (const suite of named.length > 0 ? named : suites) results.push(await run(suite));

console.log('');
for (const { suite, passed, failed, notRun, triedAgain, seconds } of results) {
  const skipped = notRun.length > 0 ? `, ${notRun.length} not run` : '';
  console.log(`${suite.padEnd(8)} ${passed} passed, ${failed} failed${skipped}  (${seconds} s)`);
  for (const title of notRun) console.log(`         not run: ${title}`);
  for (const title of triedAgain) console.log(`         tried again: ${title}`);
}
const total = (of: 'passed' | 'failed'): number => results.reduce((sum, result) => sum + result[of], 0);
console.log(`${total('passed')} passed, ${total('failed')} failed`);
process.exitCode = total('failed') > 0 ? 1 : 0;
