import { UserError } from '../errors.ts';
import { type Review, shortId } from './review.ts';

/** The hunks that a person names: by id, by id without its beginning (`src/a.ts:2`), or by file. Throws `UserError` (`unknown-hunk`). */
export function hunksNamed(review: Review, words: readonly string[]): string[] {
  const hunks = review.files.flatMap((file) => file.hunks);
  return [
    ...new Set(
      words.flatMap((word) => {
        const one = hunks.find(({ id }) => id === word || shortId(id) === word);
        if (one) return [one.id];
        const file = hunks.filter(({ path }) => path === word);
        if (file.length > 0) return file.map(({ id }) => id);
        throw new UserError('unknown-hunk', `There is no hunk or file ${JSON.stringify(word)} in this change.`, {
          hint: '`orchestra review` lists them.',
        });
      }),
    ),
  ];
}
