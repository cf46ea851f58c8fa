import type { CliCommand } from './command.ts';
import { applyCommand } from './commands/apply.ts';
import { busCommand } from './commands/bus.ts';
import { cleanCommand } from './commands/clean.ts';
import { moveCommand, offCommand, retryCommand } from './commands/control.ts';
import { demoCommand } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor.ts';
import { resumeCommand } from './commands/resume.ts';
import { reviewCommand } from './commands/review.ts';
import { runCommand } from './commands/run.ts';
import { runsCommand } from './commands/runs.ts';
import { sayCommand, stopCommand } from './commands/say.ts';
import { showCommand } from './commands/show.ts';
import { trustCommand } from './commands/trust.ts';
import { watchCommand } from './commands/watch.ts';

/** Every command, a row each, in the order of the help. */
export const commands: readonly CliCommand[] = [
  runCommand,
  resumeCommand,
  runsCommand,
  showCommand,
  reviewCommand,
  applyCommand,
  watchCommand,
  busCommand,
  sayCommand,
  stopCommand,
  moveCommand,
  retryCommand,
  offCommand,
  trustCommand,
  doctorCommand,
  cleanCommand,
  demoCommand,
];
