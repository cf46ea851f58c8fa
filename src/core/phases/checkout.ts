import type { Edit } from '../ask.ts';
import { checkPath } from '../change/paths.ts';
import { UserError } from '../errors.ts';
import type { Run } from '../run/engine.ts';

/** The checkout that all reading roles share. */
export const sharedCheckout = 'base';

/** The checkout of a reading role that must not share one. */
export const ownCheckout = (role: string): string => `read.${role}`;

/** Where a role reads the base: with the others, or alone. */
export function readingCheckout(run: Run, role: string, commit: string, alone = false): Promise<string> {
  return checkoutAt(run, alone ? ownCheckout(role) : sharedCheckout, commit);
}

/** Where the orchestrator resolves, mends and documents. */
export const integrationCheckout = 'integration';

/** The path of a checkout that stands at `commit`, there or made; lanes that ask at once share it. */
export async function checkoutAt(run: Run, name: string, commit: string): Promise<string> {
  const key = `${name} ${commit}`;
  const { workspaces } = run.ports;
  const before = run.opening.get(key);
  if (before) return before;
  const made = (async () =>
    (await workspaces.find(name, commit, run.signal)) ?? workspaces.open(name, commit, run.signal))().then(
    (w) => w.path,
  );
  run.opening.set(key, made);
  try {
    return await made;
  } finally {
    run.opening.delete(key);
  }
}

/** A checkout made anew: whatever an earlier attempt left in it is gone. */
export async function cleanCheckout(run: Run, name: string, commit: string): Promise<string> {
  return (await run.ports.workspaces.open(name, commit, run.signal)).path;
}

/** Makes a writer's checkout able to run the project, as the checks' are; where that fails the writer works without. */
export async function prepared(run: Run, path: string): Promise<string> {
  const { setup } = run.input.team;
  if (setup.run.length + setup.bring.length === 0) return path;
  try {
    await run.ports.checks.prepare(path, run.signal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await run.note('warning', `A workspace could not be set up: ${error.message}`);
  }
  return path;
}

/**
 * What was done in a checkout, as a commit upon `at`: the files as they are there, or the typed edits of a route without files.
 * Throws `UserError` (`bad-path`, `workspace-files`) for what no tree can hold.
 */
export async function workOf(
  run: Run,
  name: string,
  work: { message: string; at: string; edits?: readonly Edit[] | undefined },
): Promise<{ commit: string; tree: string }> {
  const { workspaces } = run.ports;
  for (const { path } of work.edits ?? []) {
    const problem = checkPath(path);
    if (problem)
      throw new UserError(
        'bad-path',
        `The edit of ${JSON.stringify(path.slice(0, 200))} cannot be made. ${problem.reason}`,
      );
  }
  if (work.edits && work.edits.length > 0) return workspaces.withFiles(work.at, work.at, [...work.edits], run.signal);
  return workspaces.commit(name, work.message, run.signal);
}
