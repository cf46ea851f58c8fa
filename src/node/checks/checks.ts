import { realpath } from 'node:fs/promises';
import { UserError, reasonOf } from '../../core/errors.ts';
import type { Checks, Log } from '../../core/ports.ts';
import type { CheckResult } from '../../core/run/events.ts';
import type { Check, Setup } from '../../core/team/file.ts';
import { isWithin } from '../paths.ts';
import { bring } from './bring.ts';
import { runLine } from './commandLine.ts';
import type { Ended, Surroundings } from './commandLine.ts';
import { findSandbox } from './sandbox.ts';
import type { Confinement } from './sandbox.ts';

/**
 * The project's own commands, run on checkouts that hold what models wrote: in the sandbox where there is one, in a stripped
 * environment always, in a process group that ends with them. Disk space and the number of processes are not limited.
 */

type Answer = 'yes' | 'no';

/** What the person agreed to. */
export interface Consent {
  /** For exactly this command line. */
  mayRun(command: string): Answer | Promise<Answer>;
  /** For a file that may hold secrets, by its path in the project. */
  mayBring(path: string): Answer | Promise<Answer>;
}

export interface ChecksOptions extends Surroundings {
  readonly checks: readonly Check[];
  readonly setup: Setup;
  readonly consent: Consent;
  readonly log: Log;
  /** What confines the commands; found out at the first use when absent. */
  readonly confinement?: Confinement;
}

const needsConsent = 'needs your consent: run `orchestra trust`';
const setupMinutes = 30;

/** Opens the port. Without consent for a command of the setup, the checks of that checkout do not run either. */
export function openChecks(options: ChecksOptions): Checks {
  const { consent, log, setup } = options;
  const unprepared = new Set<string>();
  let confinement = options.confinement;
  const confined = async (signal: AbortSignal): Promise<Confinement> => (confinement ??= await findSandbox(signal));

  const execute = async (
    line: string,
    cwd: string,
    minutes: number,
    network: boolean,
    signal: AbortSignal,
  ): Promise<Ended> => {
    await refuseThePersonsFolder(options.root, cwd);
    return runLine({ line, cwd, minutes, network, surroundings: options, confinement: await confined(signal), signal });
  };

  return {
    async prepare(cwd, signal) {
      const place = await realpath(cwd);
      unprepared.delete(place);
      await refuseThePersonsFolder(options.root, cwd);
      const wanted = await Promise.all(options.checks.map(async (check) => consent.mayRun(check.run)));
      if (!wanted.includes('yes')) return;
      for (const line of setup.run) {
        if ((await consent.mayRun(line)) === 'yes') continue;
        unprepared.add(place);
        log.warn(`The setup command \`${line}\` ${needsConsent}. Until then no check runs.`);
      }
      if (unprepared.has(place)) return;
      for (const path of setup.bring) {
        const { leftOut } = await bring(path, {
          root: options.root,
          cwd,
          mayBring: (file) => consent.mayBring(file),
          signal,
        });
        for (const sentence of leftOut) log.warn(sentence);
      }
      for (const line of setup.run) {
        // An install fetches packages: it gets the network, and is held to the rest of the sandbox.
        const ended = await execute(line, cwd, setupMinutes, true, signal);
        if (ended.problem === undefined) continue;
        throw new UserError(
          'setup-failed',
          `The setup command \`${line}\` failed: ${ended.problem}.\n${ended.tail}`.trimEnd(),
          {
            hint: 'Mend `setup` in .orchestration/team.yaml, or bring what it makes with `setup.bring`.',
          },
        );
      }
    },

    async run(check, cwd, signal) {
      signal.throwIfAborted();
      const result: CheckResult = {
        name: check.name,
        run: check.run,
        result: 'not-run',
        exitCode: null,
        ms: 0,
        tail: '',
      };
      if ((await consent.mayRun(check.run)) !== 'yes') return { ...result, reason: needsConsent };
      if (unprepared.has(await realpath(cwd))) return { ...result, reason: `its setup ${needsConsent}` };
      let ended: Ended;
      try {
        ended = await execute(check.run, cwd, check.minutes, false, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!isStartFailure(error)) throw error;
        return { ...result, reason: `it could not be started: ${reasonOf(error)}` };
      }
      const { exit, tail, ms, problem } = ended;
      return {
        ...result,
        exitCode: exit.code,
        ms,
        tail,
        ...(problem === undefined ? { result: 'green' } : { result: 'red', reason: problem }),
      };
    },
  };
}

/** Invariants 2 and 3: code that models wrote never runs in the person's folder, nor above it. */
async function refuseThePersonsFolder(root: string, cwd: string): Promise<void> {
  if (isWithin(await realpath(cwd), await realpath(root)))
    throw new Error(`checks must not run in the person's folder: ${cwd}`);
}

function isStartFailure(error: unknown): boolean {
  const { code, syscall } = error as NodeJS.ErrnoException;
  return syscall?.startsWith('spawn') === true || code === 'ERR_INVALID_ARG_VALUE' || code === 'E2BIG';
}
