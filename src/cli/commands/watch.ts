import { fold } from '../../core/run/fold.ts';
import type { RunState } from '../../core/run/state.ts';
import type { Project } from '../../node/project.ts';
import type { CliCommand } from '../command.ts';
import { codeOfOutcome, exitCodes } from '../exit.ts';
import { stillRuns, untilOver } from '../following.ts';
import { jsonEnd } from '../jsonEvents.ts';
import { openOutput } from '../output.ts';
import type { Presenter } from '../present/presenter.ts';
import { titlesOf, withProject } from '../session.ts';

/** Shows a run of another process while it goes on. */
export const watchCommand: CliCommand = {
  usage: 'watch [run]',
  summary: 'watch a run that another terminal or window has',
  options: [['--json', 'one JSON event a line on stdout, and nothing else']],
  run: async ([words], options) => watchRun(words, options['json'] === true),
};

/** Watches a run until it ends or nobody goes on with it; gives the exit code of its end. */
export async function watchRun(words: string | undefined, json: boolean): Promise<number> {
  return withProject({}, async ({ project, interruption }) => {
    const { id } = await project.find(words);
    const over = new AbortController();
    const signal = AbortSignal.any([interruption.signal, over.signal]);
    const output = openOutput({
      json,
      titles: await titlesOf(project.root, undefined, signal),
      interruption,
      diff: (run) => project.diff(run, signal),
      where: ' (answer it where the run runs)',
    });
    const { presenter } = output;
    process.stdout.once('error', interruption.interrupt);
    let state: RunState | undefined;
    const tails: Promise<void>[] = [];
    try {
      presenter.begin(id, undefined);
      const live = await stillRuns(project, id);
      for await (const record of untilOver(project, id, signal)) {
        state = fold([record], state);
        presenter.record(record);
        const { event } = record;
        if (live && event.type === 'call.started')
          tails.push(tail(project, presenter, { run: id, call: event.call, attempt: event.attempt }, signal));
      }
    } finally {
      over.abort();
      await Promise.all(tails);
      await presenter.settled();
      process.stdout.off('error', interruption.interrupt);
      output.close();
    }
    if (state?.outcome !== undefined) return codeOfOutcome(state.outcome);
    if (interruption.signal.aborted) return exitCodes.fine;
    process.stderr.write(`Nobody goes on with run ${id} any more. orchestra resume ${id} does.\n`);
    if (json) process.stdout.write(`${jsonEnd(id, 'stopped', new Date().toISOString(), 'Its process is gone.')}\n`);
    return exitCodes.stopped;
  });
}

/** Hands on the live text of one attempt; its end is the watching's. */
async function tail(
  project: Project,
  presenter: Presenter,
  of: { run: string; call: string; attempt: number },
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const text of project.tail(of.run, of.call, of.attempt, signal)) presenter.progress(of.call, text);
  } catch {
    // Live text is a convenience: the records say what counts.
  }
}
