import { executes } from '../change/gate.ts';
import type { GateVerdict } from '../change/change.ts';
import { checkoutAt } from './checkout.ts';
import { approval, isApproved } from './common.ts';
import type { Emit, Run } from '../run/engine.ts';
import type { CheckResult, EventOf } from '../run/events.ts';
import { diffOf } from './stat.ts';

/** Runs the checks on the base. Gives the names of those that are red there: they judge nobody. */
export async function baseChecks(run: Run, base: EventOf<'base.taken'>): Promise<readonly string[]> {
  const ended = await run.step('checks/base', 'checks.ended', { tree: base.tree }, async () => ({
    on: 'base',
    tree: base.tree,
    results: await runAll(run, 'check.base', base.commit),
    excused: [],
    green: true,
  }));
  const red = ended.results.filter((r) => r.result === 'red').map((r) => r.name);
  if (red.length > 0)
    await run.note('warning', `Red on your files as they are, so it judges nobody: ${red.join(', ')}.`);
  return red;
}

/** Runs the checks on a commit. A change of what a check executes waits for the person's word, bound to its content. */
export async function changeChecks(
  run: Run,
  on: string,
  what: { key: string; base: EventOf<'base.taken'>; landed: { commit: string; tree: string }; red: readonly string[] },
): Promise<EventOf<'checks.ended'>> {
  const { landed, base } = what;
  return run.step(what.key, 'checks.ended', { tree: landed.tree }, async (emit) => {
    const held = await heldFor(run, base.tree, landed.tree, emit);
    const results =
      held.length > 0
        ? run.input.team.checks.map((c) =>
            notRun(c, `it would execute ${held.join(', ')}, which the change touches and nobody approved`),
          )
        : await runAll(run, `check.${on.replaceAll(/[^a-z0-9.-]/g, '.')}`, landed.commit);
    const judging = results.filter((r) => !what.red.includes(r.name));
    return {
      on,
      tree: landed.tree,
      results,
      excused: results.map((r) => r.name).filter((n) => what.red.includes(n)),
      green: judging.length > 0 && judging.every((r) => r.result === 'green'),
    };
  });
}

/** Files that a check would execute and that the change touches, without the person's approval. */
async function heldFor(run: Run, from: string, to: string, emit: Emit): Promise<string[]> {
  const { workspaces } = run.ports;
  if (run.input.team.checks.length === 0) return [];
  const changes = (await workspaces.changes(from, to, run.signal)).filter((c) => executes(c.path, c.before, c.after));
  const held: string[] = [];
  for (const change of changes) {
    const content = change.after ? `${change.after.mode} ${change.after.sha}` : 'deleted';
    const reason = 'The checks would execute it.';
    const file: GateVerdict = { path: change.path, verdict: 'held', code: 'executed', reason, content };
    if (isApproved(run, file)) continue;
    const key = `${file.path} ${content}`;
    if (run.declined.has(key)) {
      held.push(change.path);
      continue;
    }
    const answered = await approval(run, emit, file, diffOf(change));
    await emit({ type: 'stop.answered', ...answered });
    if (answered.answer === 'go') continue;
    run.declined.add(key);
    held.push(change.path);
  }
  return held;
}

async function runAll(run: Run, name: string, commit: string): Promise<CheckResult[]> {
  const { checks } = run.ports;
  const wanted = run.input.team.checks;
  if (wanted.length === 0) return [];
  const cwd = await checkoutAt(run, name, commit);
  await checks.prepare(cwd, run.signal);
  const results: CheckResult[] = [];
  for (const check of wanted) {
    results.push(await checks.run(check, cwd, run.signal));
  }
  return results;
}

function notRun(check: { name: string; run: string }, reason: string): CheckResult {
  return { name: check.name, run: check.run, result: 'not-run', exitCode: null, ms: 0, tail: '', reason };
}

/** Results for a prompt. */
export function checksText(results: readonly CheckResult[]): string {
  return results
    .map((r) => `${r.name}: \`${r.run}\` ${r.result}${r.exitCode === null ? '' : ` (exit ${r.exitCode})`}\n${r.tail}`)
    .join('\n\n');
}
