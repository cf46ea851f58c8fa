// The extension host calls `run`; a rejection makes the exit code 1. Node's CommonJS here: the host requires it.
import { appendFileSync } from 'node:fs';
import { format } from 'node:util';
import * as mochaModule from 'mocha';

// Its types describe a function; the module that is required has it by its name.
const { Mocha } = mochaModule as unknown as { Mocha: typeof import('mocha') };

export async function run(): Promise<void> {
  const { env } = process;
  const report = env['ORCHESTRA_TEST_REPORT'];
  const suite = env['ORCHESTRA_TEST_SUITE'];
  if (suite === undefined) throw new Error('ORCHESTRA_TEST_SUITE names no suite');
  // Where the extension host's own output goes nobody sees.
  if (report !== undefined)
    Mocha.reporters.Base.consoleLog = (...words: unknown[]) => appendFileSync(report, `${format(...words)}\n`);
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: 240_000,
    reporter: 'spec',
    ...(env['ORCHESTRA_TEST_GREP'] !== undefined && { grep: env['ORCHESTRA_TEST_GREP'] }),
  });
  mocha.suite.title = env['ORCHESTRA_TEST_TITLE'] ?? '';
  mocha.addFile(suite);
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}
