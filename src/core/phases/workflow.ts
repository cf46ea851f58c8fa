import { isAbort, reasonOf, UserError } from '../errors.ts';
import type { Ports } from '../ports.ts';
import { analyse } from './analysis.ts';
import type { Plan, Triage } from '../run/answers.ts';
import { openRun, type Run, type RunHandle, type RunHooks, type RunInput } from '../run/engine.ts';
import type { EventOf, Outcome } from '../run/events.ts';
import { implement } from './implementation.ts';
import { withDuty } from './common.ts';
import { integrate } from './integration.ts';
import { remember } from './knowledge.ts';
import { writePages } from './pages.ts';
import { reportOf } from './report.ts';
import { review, reviewPhase, type ReviewResult } from './review.ts';
import { RunStopped } from '../run/stopped.ts';
import { synthesise } from './synthesis.ts';
import { triage } from './triage.ts';

/** The first word of this process in the journal. */
export type Begin = EventOf<'run.created' | 'run.resumed'>;

export interface RunEnd {
  readonly outcome: Outcome;
  readonly reason?: string;
  readonly hint?: string;
}

/**
 * One task through the whole team. A plain async function over steps: on resume it runs again from the top, and what is
 * finished is not done twice. Always ends with `run.ended` in the journal, unless the process dies or the journal fails.
 */
export async function runWorkflow(
  begin: Begin,
  input: RunInput,
  ports: Ports,
  signal: AbortSignal,
  hooks: RunHooks = {},
): Promise<RunEnd> {
  return inRun(begin, input, ports, signal, hooks, async (run) => {
    const base = await run.step('base', 'base.taken', null, () => ports.workspaces.takeBase(run.signal));
    const decided = await triage(run, base);
    await writePages(run);
    if (decided.size === 'one') await planForOne(run, decided);
    else {
      await analyse(run, base);
      await writePages(run);
      await synthesise(run, base);
      await writePages(run);
    }
    await implement(run, base, run.state().plan as Plan);
    await writePages(run);
    await integrate(run, base, run.state().plan as Plan);
    await ports.workspaces.keep(input.run, neededOf(run), run.signal);
    const reviewed = await reviewPhase(run, 1);
    await remember(run, 1);
    await run.step('report', 'report.made', null, async () => ({ text: reportOf(run.state(), reviewed) }));
    await writePages(run);
    return reviewed;
  });
}

/** The change of a run that is ready, judged anew and applied; the person's word is given already. */
export async function applyRun(
  begin: Begin,
  input: RunInput,
  ports: Ports,
  signal: AbortSignal,
  hooks: RunHooks = {},
): Promise<RunEnd> {
  return inRun(begin, input, ports, signal, hooks, async (run) => {
    const n = run.state().reviews + 1;
    const reviewed = await review(run, { n, ask: false });
    await remember(run, n);
    return reviewed;
  });
}

/** What a host drives: the whole of a run, or one piece of its end. */
export type Workflow = (
  begin: Begin,
  input: RunInput,
  ports: Ports,
  signal: AbortSignal,
  hooks: RunHooks,
) => Promise<RunEnd>;

/**
 * The workflow for one piece of the person's review, on a run whose change is there. However it goes, the run is as ready, or as applied,
 * as it is then; its minutes do not end what the person does, unless the work calls models (`timed`).
 */
export function reviewWorkflow(work: (run: Run) => Promise<ReviewResult>, options: { timed: boolean }): Workflow {
  return (begin, input, ports, signal, hooks) =>
    inRun(
      begin,
      input,
      ports,
      signal,
      hooks,
      async (run) => {
        const result = await work(run).catch((error: unknown): ReviewResult => {
          const { reason, hint } = endOf(error, run.signal);
          return { outcome: 'ready', ...(reason !== undefined && { reason }), ...(hint !== undefined && { hint }) };
        });
        const { applied, undone } = run.state();
        return { ...result, outcome: applied && !undone ? 'applied' : 'ready' };
      },
      options,
    );
}

async function inRun(
  begin: Begin,
  input: RunInput,
  ports: Ports,
  signal: AbortSignal,
  hooks: RunHooks,
  work: (run: Run) => Promise<ReviewResult>,
  { timed }: { timed: boolean } = { timed: true },
): Promise<RunEnd> {
  const handle = openRun(input, ports, signal, { ...hooks, timed });
  await handle.begin(begin);
  const listening = new AbortController();
  const heard = AbortSignal.any([handle.run.signal, listening.signal]);
  const inbox = Promise.all([listen(handle, heard), listenToBus(handle, heard)]);
  let end: RunEnd;
  try {
    end = await work(handle.run).catch((error: unknown) => endOf(error, handle.run.signal));
  } finally {
    listening.abort();
    await inbox;
    handle.close();
  }
  if (end.outcome !== 'applied' && end.outcome !== 'ready') await keepSoFar(handle.run);
  await handle.end(end);
  // How it ended stands there too; what fails here is written when the bus is looked after.
  await writePages(handle.run).catch((error: unknown) => ports.log.debug(`bus: ${reasonOf(error)}`));
  return end;
}

function endOf(error: unknown, signal: AbortSignal): RunEnd {
  // What aborted the run says why; the errors that this causes everywhere do not.
  const cause: unknown = isAbort(error) && signal.aborted ? signal.reason : error;
  if (cause instanceof RunStopped)
    return { outcome: cause.outcome, reason: cause.message, ...(cause.hint !== undefined && { hint: cause.hint }) };
  if (isAbort(cause)) return { outcome: 'stopped', reason: 'You stopped it.', hint: 'Go on with `orchestra resume`.' };
  if (cause instanceof UserError && !unwritable.has(cause.code))
    return { outcome: 'failed', reason: cause.message, ...(cause.hint !== undefined && { hint: cause.hint }) };
  throw error instanceof Error ? error : new Error(reasonOf(error));
}

/** With these the journal cannot be written: the host says it instead. */
const unwritable: ReadonlySet<string> = new Set(['disk-full', 'read-only', 'lease-lost']);

/** Journals what comes from outside, once; a request to stop ends the run. */
async function listen(handle: RunHandle, signal: AbortSignal): Promise<void> {
  try {
    for await (const message of handle.run.ports.inbox.messages(signal)) {
      const news = await handle.received(message);
      await handle.run.ports.inbox.settle(message.id);
      // A stop that an earlier owner had taken already must not stop the run that is resumed after it.
      if (message.kind === 'stop' && news) handle.stop(`Stopped by ${message.from}.`);
      if (message.control && news) await handle.control(message.control, message.from);
    }
  } catch (error) {
    deaf(handle, signal, error, 'The inbox cannot be read');
  }
}

/** Journals what models leave for the bus, and keeps the pages in step with what the others wait for. */
async function listenToBus(handle: RunHandle, signal: AbortSignal): Promise<void> {
  const { run } = handle;
  const { bus } = run.ports;
  try {
    for await (const arrival of bus.arrivals(signal)) {
      const receipt = await handle.arrived(arrival);
      await bus.settle(arrival.id, receipt);
      if ('seq' in receipt && arrival.kind !== 'status') await writePages(run);
    }
  } catch (error) {
    deaf(handle, signal, error, 'The bus takes nothing from models any more');
  }
}

/** Nothing more is heard from one side. A run whose journal cannot be written ends; else it goes on with what it has. */
function deaf({ run, fail }: RunHandle, signal: AbortSignal, error: unknown, what: string): void {
  if (isAbort(error) || signal.aborted) return;
  if (error instanceof UserError && unwritable.has(error.code)) fail(error);
  else run.ports.log.warn(`${what}: ${reasonOf(error)}`);
}

/** A small task goes to one model: its plan is the task. */
async function planForOne(run: Run, decided: Triage): Promise<void> {
  const { task } = run.state();
  // Another writer may stand in for the one that triage named.
  const owner = withDuty(run, 'write')[0]?.role ?? decided.writer ?? '';
  await run.step('plan', 'plan.made', null, async () => ({
    plan: {
      goal: decided.title,
      items: [
        {
          id: 'task',
          title: decided.title,
          what: task.slice(0, 4000),
          findings: [],
          dissent: [],
          owners: [owner],
          paths: decided.paths,
          acceptance: [],
        },
      ],
      decisions: [],
      leftOut: [],
      docs: [],
    },
    missing: [],
    notes: [],
  }));
}

/** The commits that the run is shown, applied and gone on with. */
function neededOf(run: Run): string[] {
  const { base, changes, merges, resolutions, integration } = run.state();
  const trees = [base, ...Object.values(changes).map((c) => c.landed), ...merges, ...resolutions, integration];
  return [...new Set(trees.flatMap((t) => t?.commit ?? []))];
}

/** A run that ended before its end is copied out of the person's objects too: they may rebase and prune before it goes on. */
async function keepSoFar(run: Run): Promise<void> {
  const { workspaces, clock, log } = run.ports;
  // The run's own signal may have fired, and whoever ends a run does not wait for long.
  const limit = clock.timeout(10_000);
  try {
    await workspaces.keep(run.input.run, neededOf(run), limit.signal);
  } catch (error) {
    log.warn(`What the run has so far could not be kept: ${reasonOf(error)}`);
  } finally {
    limit.cancel();
  }
}
