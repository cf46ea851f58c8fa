import { Command, CommanderError } from 'commander';
import { isAbort } from '../core/errors.ts';
import { version } from '../core/version.ts';
import type { CliCommand, CliOptions } from './command.ts';
import { commands } from './commands.ts';
import { codeOfError, errorLines, exitCodes } from './exit.ts';
import { lookOf } from './terminal.ts';

/** Runs what stands on the command line; gives the exit code. Never throws. */
async function main(words: readonly string[]): Promise<number> {
  let code: number = exitCodes.fine;
  const program = new Command('orchestra')
    .description('One task, a team of models, one merged change.')
    .version(version)
    .helpCommand('help [command]', 'show how a command is used')
    .showSuggestionAfterError()
    .exitOverride();
  for (const command of commands) addCommand(program, command, (ended) => (code = ended));
  try {
    await program.parseAsync([...words], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed what it had to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
    if (isAbort(error)) return exitCodes.stopped;
    process.stderr.write(`${errorLines(error, lookOf(process.stderr)).join('\n')}\n`);
    return codeOfError(error);
  }
}

function addCommand(program: Command, row: CliCommand, ended: (code: number) => void): void {
  const command = program.command(row.usage).summary(row.summary).description(row.summary).exitOverride();
  for (const [flags, about, many] of row.options) {
    if (many) command.option(flags, about, (value: string, before: string[] | undefined) => [...(before ?? []), value]);
    else command.option(flags, about);
  }
  if (row.help !== undefined) command.addHelpText('after', `\n${row.help}`);
  command.action(async (...given: unknown[]) => {
    const options = command.opts<CliOptions>();
    const args = given.slice(0, -2).flat() as (string | undefined)[];
    ended(await row.run(args, options));
  });
}

// Whoever read the output may go away: `orchestra runs | head -1` is no error.
process.stdout.on('error', ignoreClosedPipe);
process.stderr.on('error', ignoreClosedPipe);

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}

process.exitCode = await main(process.argv.slice(2));
// What was written must be out before the process ends; then nothing may keep it alive.
await new Promise<void>((done) => process.stdout.write('', () => done()));
process.exit();
