import { UserError } from '../errors.ts';
import type { Cast } from '../team/file.ts';
import type { Finding } from '../run/answers.ts';
import { call } from '../run/call.ts';
import { ownCheckout, readingCheckout, sharedCheckout } from './checkout.ts';
import { checkClaim } from './claims.ts';
import { listed, phase, post, prompter, withDuty } from './common.ts';
import { answerAll, answerOpen } from './questions.ts';
import { lanes, type Run } from '../run/engine.ts';
import type { EventOf, HeldFinding, Phase } from '../run/events.ts';
import type { Section } from '../run/prompts.ts';

/** All analysts at once, each on the base, read-only. A failed one costs its part and no more. */
export async function analyse(run: Run, base: EventOf<'base.taken'>): Promise<void> {
  await phase(run, 'analysis', async () => {
    const analysts = withDuty(run, 'analyse');
    await lanes(analysts.map((cast) => () => analyst(run, cast, base)));
    await answerAll(run, 'analysis', base.commit);
    await verifyCheckout(run, 'analysis', base, readersIn(run, 'analysis'));
    const { findings } = run.state();
    const parts = analysts.map(
      (a) =>
        `${a.role} ${run.state().summaries[a.role] === undefined ? 'missing' : findings.filter((f) => f.role === a.role).length}`,
    );
    return parts.join(', ') || 'nobody';
  });
}

async function analyst(run: Run, cast: Cast, base: EventOf<'base.taken'>): Promise<void> {
  const key = `analysis/${cast.role}`;
  const sections: Section[] = [];
  if (!run.finished(key)) sections.push(await viewOf(run, cast, base));
  const answered = await call(run, {
    key,
    cast,
    phase: 'analysis',
    kind: 'findings',
    title: 'looks for findings',
    inputs: { task: run.state().task, base: base.tree, role: cast.role },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'findings',
      now: 'analyse the task against the code base in your working folder, in your role. Change nothing.',
      sections,
    }),
    access: 'read',
    cwd: ({ alone }) => readingCheckout(run, cast.role, base.commit, alone),
  });
  if (!answered.ok) {
    await run.note('warning', `${cast.title} gave no findings: ${answered.failure.message}`, cast.role);
    return;
  }
  const { summary, findings } = answered.answer;
  const held = await run.step(`${key}#held`, 'findings.held', null, async () => ({
    role: cast.role,
    summary,
    findings: await holdAll(run, base, cast, answered.event.model ?? '', findings),
  }));
  await post(run, key, {
    from: cast.role,
    kind: 'result',
    subject: summary.split('\n', 1)[0] ?? '',
    body: findingsText(summary, held.findings),
  });
  // Others may still be at work, and see the answers.
  await answerOpen(run, cast, { key, phase: 'analysis', commit: base.commit });
}

/** Numbers the findings and looks up what they claim, in the base. */
async function holdAll(
  run: Run,
  base: EventOf<'base.taken'>,
  cast: Cast,
  model: string,
  findings: readonly Finding[],
): Promise<HeldFinding[]> {
  const { workspaces } = run.ports;
  const paths = new Set(await workspaces.list(base.tree, run.signal));
  const exists = (path: string): boolean =>
    paths.has(path) || [...paths].some((p) => p.startsWith(`${path.replace(/\/$/, '')}/`));
  const held: HeldFinding[] = [];
  for (const [n, finding] of findings.entries()) {
    const claim = await checkClaim(finding, exists, (path) => workspaces.read(base.tree, path, run.signal));
    held.push({ ...finding, id: `${cast.role}.${n + 1}`, role: cast.role, model, ...claim });
  }
  return held;
}

/** What a reading role gets to see with its prompt: the packed code base, or the list of its files. */
async function viewOf(run: Run, cast: Cast, base: EventOf<'base.taken'>): Promise<Section> {
  const { workspaces } = run.ports;
  const role = run.input.team.roles[cast.role];
  if (role?.view === 'packed') {
    // Of the smallest context of its models three quarters are for the code, the rest for thought and answer.
    const context = Math.min(...cast.models.map((m) => run.input.team.models[m.model]?.context ?? 200_000));
    const packed = await workspaces.pack(base.tree, Math.floor(context * 0.75), run.signal);
    const left = packed.leftOut.length > 0 ? `\n\nLeft out:\n${packed.leftOut.slice(0, 200).join('\n')}` : '';
    if (packed.leftOut.length > 0)
      await run.note(
        'info',
        `${cast.title} sees ${packed.files} files; ${packed.leftOut.length} are left out (largest and generated first).`,
        cast.role,
      );
    return { title: 'The whole code base', text: packed.text + left };
  }
  const paths = await workspaces.list(base.tree, run.signal);
  const shown = paths.slice(0, 400);
  const rest = paths.length > shown.length ? `\n… and ${paths.length - shown.length} more` : '';
  return { title: 'Files of the project', text: shown.join('\n') + rest };
}

/** Reading roles must leave their checkouts as they were; who had a changed one is named, and it is made anew. */
export async function verifyCheckout(
  run: Run,
  name: EventOf<'checkout.changed'>['phase'],
  base: EventOf<'base.taken'>,
  readers: readonly Cast[],
): Promise<void> {
  if (run.finished(`${name}#end`)) return;
  for (const reader of readers)
    await verifyOne(run, { name, base, checkout: ownCheckout(reader.role), key: `/${reader.role}`, readers: [reader] });
  await verifyOne(run, { name, base, checkout: sharedCheckout, key: '', readers });
}

/** Who was asked to read in a phase: all but those who only wrote. */
export function readersIn(run: Run, name: Phase): Cast[] {
  const { cast, calls } = run.state();
  const asked = Object.values(calls).filter((c) => c.phase === name && c.kind !== 'written');
  return cast.filter((c) => asked.some(({ role }) => role === c.role));
}

interface Verified {
  readonly name: EventOf<'checkout.changed'>['phase'];
  readonly base: EventOf<'base.taken'>;
  readonly checkout: string;
  /** What tells its step from those of the phase's other checkouts. */
  readonly key: string;
  readonly readers: readonly Cast[];
}

async function verifyOne(run: Run, { name, base, checkout, key, readers }: Verified): Promise<void> {
  const { workspaces } = run.ports;
  if (!(await workspaces.find(checkout, base.commit, run.signal))) return;
  let paths: string[] = [];
  try {
    const now = await workspaces.commit(checkout, 'after reading', run.signal);
    if (now.tree === base.tree) return;
    paths = (await workspaces.changes(base.tree, now.tree, run.signal)).map((c) => c.path);
  } catch (error) {
    // What cannot even be recorded was not there before.
    if (!(error instanceof UserError) || !['workspace-files', 'no-workspace'].includes(error.code)) throw error;
  }
  await run.step(`${name}#checkout${key}`, 'checkout.changed', null, async () => ({
    phase: name,
    roles: readers.map((r) => r.role),
    paths,
  }));
  const who = `${readers.length > 1 ? 'one of ' : ''}${listed(readers.map((r) => r.title))}`;
  await run.note(
    'warning',
    `The checkout for reading was changed during ${name} (${listed(paths.slice(0, 5)) || 'beyond recording'}) by ${who}; it was made anew.`,
  );
  await workspaces.open(checkout, base.commit, run.signal);
}

/** What the plan must know of those who changed what they were only to read. */
export function markedSection(run: Run): Section[] {
  const { marked } = run.state();
  const lines = Object.entries(marked).map(
    ([role, paths]) => `${role}: ${paths.slice(0, 10).join(', ') || 'something that cannot be recorded'}`,
  );
  if (lines.length === 0) return [];
  return [
    { title: 'Who may have changed files that they were only to read; look up what they say', text: lines.join('\n') },
  ];
}

/** Findings as a message for people and models. */
export function findingsText(summary: string, findings: readonly HeldFinding[]): string {
  const lines = findings.map((f) => {
    const where = f.evidence
      .map((e) =>
        e.kind === 'file'
          ? `${e.path}${e.line === undefined ? '' : `:${e.line}`}`
          : e.kind === 'command'
            ? `\`${e.command}\``
            : e.text,
      )
      .join('; ');
    const check = f.check === 'refuted' ? ` REFUTED: ${f.problem}` : f.check === 'confirmed' ? ' (looked up)' : '';
    const more = [f.detail, f.suggestion && `Suggestion: ${f.suggestion}`].filter(Boolean).join('\n  ');
    return `- [${f.id}] ${f.severity}: ${f.claim}${check}\n  ${where}${more ? `\n  ${more}` : ''}`;
  });
  return [summary, ...lines].join('\n\n');
}
