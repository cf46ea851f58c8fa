import type { JournalRecord } from '../core/run/events.ts';
import type { Project } from '../node/project.ts';

/** How often it is looked whether the run's process still lives. */
const lifeMs = 2000;

/**
 * The records of a run from the first on, and then each as it comes, until the run ends, nobody goes on with it, or the signal
 * fires. What has ended and is nobody's is only given; of what goes on its next end is waited for.
 */
export async function* untilOver(
  project: Project,
  run: string,
  signal: AbortSignal,
): AsyncGenerator<JournalRecord, void> {
  const over = new AbortController();
  const look = async (): Promise<void> => {
    // A run whose folder is gone is nobody's, too.
    if (!(await stillRuns(project, run).catch(() => false))) over.abort();
  };
  const last = (await stillRuns(project, run)) ? 0 : (await project.show(run)).state.seq;
  const lives = setInterval(() => void look(), lifeMs);
  try {
    for await (const record of project.watch(run, AbortSignal.any([signal, over.signal]))) {
      yield record;
      if (record.seq === last || (last === 0 && record.event.type === 'run.ended' && !(await stillRuns(project, run))))
        return;
    }
  } finally {
    clearInterval(lives);
  }
}

/** True while a process has the run. */
export async function stillRuns(project: Project, run: string): Promise<boolean> {
  return (await project.find(run)).owner !== undefined;
}
