import { UserError } from '../../core/errors.ts';
import { hunksNamed } from '../../core/review/named.ts';
import { withPartners } from '../../core/review/review.ts';
import type { Host, RunResult } from '../../node/host.ts';
import type { Project } from '../../node/project.ts';
import { type CliCommand, textsOf } from '../command.ts';
import { follow, withProject } from '../session.ts';
import { plural } from '../../core/words/words.ts';
import { visible } from '../../core/words/plain.ts';
import { cliPerson } from '../person.ts';

/** Applies the change of a run to the person's files, or takes it back. */
export const applyCommand: CliCommand = {
  usage: 'apply [run]',
  summary: 'apply the change of a run to your files',
  options: [
    ['--only <hunk>', 'only this hunk, or this file; can be repeated (`orchestra review` lists them)', 'many'],
    ['--without <hunk>', 'all but this hunk, or this file; can be repeated', 'many'],
    ['--kept', 'what was kept in the review; undecided hunks stay out'],
    ['--undo', 'take it back: your files are as they were before it'],
    ['--yes', 'ask nothing; held files stay back'],
    ['--json', 'one JSON event a line on stdout, and nothing else'],
  ],
  async run([words], options) {
    if (options['undo'] === true) return undo(words);
    const [only, without, kept] = [textsOf(options, 'only'), textsOf(options, 'without'), options['kept'] === true];
    if ([only.length > 0, without.length > 0, kept].filter(Boolean).length > 1)
      throw new UserError('usage', 'Of --only, --without and --kept only one can be given.');
    const part = only.length + without.length > 0 || kept;
    const { info, state } = await withProject({}, async ({ project }) => project.show((await project.find(words)).id));
    return follow(
      { json: options['json'] === true, yes: options['yes'] === true, before: { run: info.id, state } },
      (project, host) => (part ? applyPart(project, host, info.id, { only, without }) : project.apply(info.id, host)),
    );
  },
};

/** Decides as it was said, and finishes the review: a part is checked first, and not applied when it is red. */
async function applyPart(
  project: Project,
  host: Host,
  run: string,
  { only, without }: { only: readonly string[]; without: readonly string[] },
): Promise<RunResult> {
  const open = await project.review(run, host.person.name);
  const { review } = await open.read(host.signal);
  // With both halves of a rename: the one would take the decision about the other along.
  const named = new Set(withPartners(review, hunksNamed(review, [...only, ...without])));
  if (named.size > 0) {
    const all = review.files.flatMap((file) => file.hunks.map(({ id }) => id));
    const rest = all.filter((id) => !named.has(id));
    const [keep, undo] = only.length > 0 ? [[...named], rest] : [rest, [...named]];
    if (keep.length > 0) await open.decide(review, keep, 'keep', host.signal);
    if (undo.length > 0) await open.decide(review, undo, 'undo', host.signal);
  }
  return open.finish({ rest: 'undo', check: true }, host);
}

async function undo(words: string | undefined): Promise<number> {
  return withProject({}, async ({ project, signal }) => {
    const { id } = await project.find(words);
    const nobody = async (): Promise<never> => {
      throw new Error('an undo asks nothing');
    };
    const person = cliPerson({
      yes: true,
      look: () => ({ width: 80, color: false, unicode: false }),
      state: () => undefined,
      settled: async () => {},
      diff: nobody,
    });
    const { files } = await project.undo(id, { person, signal });
    process.stdout.write(`Run ${id} is taken back: ${plural(files.length, 'file')} as before.\n`);
    for (const file of files) process.stdout.write(`  ${visible(file)}\n`);
    return 0;
  });
}
