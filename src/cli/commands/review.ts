import { decisionsOf } from '../../core/review/decisions.ts';
import { hunksNamed } from '../../core/review/named.ts';
import type { ReviewReading } from '../../node/review/openReview.ts';
import { type CliCommand, textsOf } from '../command.ts';
import { safe } from '../jsonEvents.ts';
import { personName } from '../person.ts';
import { titlesOf, withProject } from '../session.ts';
import { lookOf } from '../terminal.ts';
import { reviewLines } from '../view/review.ts';

/** Lists the hunks of a run's change, and decides about them; `apply` writes what is kept. */
export const reviewCommand: CliCommand = {
  usage: 'review [run]',
  summary: 'list the hunks of the change, and who stands behind each; keep or undo them',
  options: [
    ['--keep <hunk>', 'keep this hunk, or all of this file; can be repeated', 'many'],
    ['--undo <hunk>', 'leave this hunk, or all of this file, out; can be repeated', 'many'],
    ['--take-back', 'take back the last decision'],
    ['--json', 'the files, hunks and decisions as one JSON object'],
  ],
  help: 'Write what is kept with: orchestra apply --kept',
  async run([words], options) {
    return withProject({}, async ({ project, signal }) => {
      const { id } = await project.find(words);
      const review = await project.review(id, personName());
      let reading: ReviewReading = await review.read(signal);
      const take = (state: ReviewReading['state']): void => void (reading = { ...reading, state });
      if (options['takeBack'] === true) take(await review.takeBack(signal));
      for (const decision of ['keep', 'undo'] as const) {
        const named = hunksNamed(reading.review, textsOf(options, decision));
        if (named.length > 0) take(await review.decide(reading.review, named, decision, signal));
      }
      if (options['json'] === true) {
        const decisions = Object.fromEntries(decisionsOf(reading.state.review));
        process.stdout.write(`${safe({ run: id, ...reading.review, decisions })}\n`);
        return 0;
      }
      const look = lookOf(process.stdout, await titlesOf(project.root, undefined, signal));
      process.stdout.write(
        reviewLines(reading, id, look)
          .map((line) => `${line}\n`)
          .join(''),
      );
      return 0;
    });
  },
};
