import { reasonOf, UserError } from '../core/errors.ts';

/** Runs a server as its whole process: what fails is told in a sentence, with exit code 2, and nothing keeps it alive that nobody hears. */
export async function runServer(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const said = error instanceof UserError ? reasonOf(error) : String((error as Error).stack ?? error);
    const hint = error instanceof UserError && error.hint !== undefined ? `\n${error.hint}` : '';
    process.stderr.write(`${said}${hint}\n`);
    process.exitCode = 2;
  }
  // Not after `--help`, whose words may still be on their way.
  const { stdin } = process;
  if (stdin.readableEnded || stdin.destroyed || process.exitCode !== undefined) process.exit();
}
