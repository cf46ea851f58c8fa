// The extension host calls `run`; a rejection makes the exit code 1. Node's CommonJS here: the host requires it.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'node:util';
import * as mochaModule from 'mocha';

// Its types describe a function; the module that is required has it by its name.
const { Mocha } = mochaModule as unknown as { Mocha: typeof import('mocha') };

/** Runs one suite, which lies at a path; reports into a file beside the project, for nobody sees the extension host's own output. */
export async function run(suite: string, path: string): Promise<void> {
  const { env } = process;
  const reports = env['ORCHESTRA_TEST_REPORTS'];
  if (reports !== undefined)
    Mocha.reporters.Base.consoleLog = (...words: unknown[]) =>
      appendFileSync(join(reports, `${suite}.report.txt`), `${format(...words)}\n`);
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: 240_000,
    reporter: 'spec',
    ...(env['ORCHESTRA_TEST_GREP'] !== undefined && { grep: env['ORCHESTRA_TEST_GREP'] }),
  });
  mocha.suite.title = `${suite}: ${env['ORCHESTRA_TEST_TITLE'] ?? ''}`;
  mocha.addFile(path);
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}
