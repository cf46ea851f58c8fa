import { isAbort } from '../../core/errors.ts';
import { fold, type RunState } from '../../core/run/state.ts';
import type { Project } from '../../node/project.ts';
import type { CliCommand } from '../command.ts';
import { codeOfOutcome, exitCodes } from '../exit.ts';
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

/** How often it is looked whether the run's process still lives. */
const lifeMs = 2000;

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
    const state = { now: undefined as RunState | undefined, orphaned: false };
    const lives = setInterval(() => {
      void stillRuns(project, id).then((runs) => {
        if (runs) return;
        state.orphaned = true;
        over.abort(new DOMException('Nobody goes on with it.', 'AbortError'));
      });
    }, lifeMs);
    const tails: Promise<void>[] = [];
    try {
      presenter.begin(id, undefined);
      // What has ended and is nobody's is only shown; else its next end is waited for.
      const last = (await stillRuns(project, id)) ? 0 : (await project.show(id)).state.seq;
      for await (const record of project.watch(id, signal)) {
        state.now = fold([record], state.now);
        presenter.record(record);
        const { event } = record;
        if (last === 0 && event.type === 'call.started')
          tails.push(tail(project, presenter, { run: id, call: event.call, attempt: event.attempt }, signal));
        if (record.seq === last || (last === 0 && event.type === 'run.ended' && !(await stillRuns(project, id)))) break;
      }
    } catch (error) {
      if (!isAbort(error)) throw error;
    } finally {
      clearInterval(lives);
      over.abort();
      await Promise.all(tails);
      await presenter.settled();
      process.stdout.off('error', interruption.interrupt);
      output.close();
    }
    const outcome = state.now?.outcome;
    if (outcome !== undefined) return codeOfOutcome(outcome);
    if (interruption.signal.aborted) return exitCodes.fine;
    process.stderr.write(`Nobody goes on with run ${id} any more. orchestra resume ${id} does.\n`);
    if (json) process.stdout.write(`${jsonEnd(id, 'stopped', new Date().toISOString(), 'Its process is gone.')}\n`);
    return exitCodes.stopped;
  });
}

async function stillRuns(project: Project, run: string): Promise<boolean> {
  const { owner, state } = await project.find(run);
  return owner !== undefined || state === 'running' || state === 'elsewhere';
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
