import type { CommandRow } from '../commandRow.ts';

/** Commands of the review. What decides has no icon: the editor then shows its words. */

/** Set while a review is open. */
export const reviewing = 'orchestra.reviewing';

const inReview = `${reviewing} && (activeEditor == multiDiffEditor || resourceScheme == orchestra-review)`;
const onHunk = inReview;
const onFinding = 'commentController == orchestra.review && commentThread == open';

export const reviewCommands = [
  { id: 'orchestra.review.open', title: 'Review Changes', icon: 'diff-multiple' },
  { id: 'orchestra.review.openFile', title: 'Review Changes of a File', icon: 'diff-single', enablement: reviewing },
  {
    id: 'orchestra.review.keepHunk',
    title: 'Keep Hunk',
    enablement: reviewing,
    keys: [{ key: 'ctrl+alt+k', mac: 'cmd+alt+k', when: onHunk }],
  },
  {
    id: 'orchestra.review.undoHunk',
    title: 'Undo Hunk',
    enablement: reviewing,
    keys: [{ key: 'ctrl+alt+u', mac: 'cmd+alt+u', when: onHunk }],
  },
  { id: 'orchestra.review.keepFile', title: 'Keep File', enablement: reviewing },
  { id: 'orchestra.review.undoFile', title: 'Undo File', enablement: reviewing },
  {
    id: 'orchestra.review.previousHunk',
    title: 'Previous Hunk of the Review',
    icon: 'arrow-up',
    enablement: reviewing,
    keys: [{ key: 'ctrl+alt+[', mac: 'cmd+alt+[', when: reviewing }],
    places: [{ menu: 'editor/title', when: inReview, group: 'navigation@-9' }],
  },
  {
    id: 'orchestra.review.nextHunk',
    title: 'Next Hunk of the Review',
    icon: 'arrow-down',
    enablement: reviewing,
    keys: [{ key: 'ctrl+alt+]', mac: 'cmd+alt+]', when: reviewing }],
    places: [{ menu: 'editor/title', when: inReview, group: 'navigation@-8' }],
  },
  {
    id: 'orchestra.review.takeBack',
    title: 'Undo Last Decision',
    icon: 'history',
    enablement: reviewing,
    places: [{ menu: 'editor/title', when: inReview, group: '1_orchestra@4' }],
  },
  {
    id: 'orchestra.review.keepAll',
    title: 'Keep All',
    enablement: reviewing,
    places: [{ menu: 'editor/title', when: inReview, group: 'navigation@-7' }],
  },
  {
    id: 'orchestra.review.undoAll',
    title: 'Undo All',
    enablement: reviewing,
    places: [{ menu: 'editor/title', when: inReview, group: 'navigation@-6' }],
  },
  {
    id: 'orchestra.review.check',
    title: 'Run Checks on What Is Kept',
    icon: 'beaker',
    enablement: reviewing,
    places: [{ menu: 'editor/title', when: inReview, group: 'navigation@-5' }],
  },
  {
    id: 'orchestra.review.finish',
    title: 'Finish Review',
    enablement: reviewing,
    places: [{ menu: 'editor/title', when: inReview, group: 'navigation@-4' }],
  },
  { id: 'orchestra.review.mine', title: 'Go to This Hunk in My File', enablement: reviewing },
  { id: 'orchestra.review.who', title: 'Who Wrote This Hunk', enablement: reviewing },
  {
    id: 'orchestra.review.findings',
    title: 'Findings of the Reviewers',
    icon: 'comment-discussion',
    enablement: reviewing,
  },
  {
    id: 'orchestra.review.fix',
    title: 'Fix',
    palette: false,
    places: [
      { menu: 'comments/commentThread/title', when: onFinding, group: 'navigation@1' },
      { menu: 'comments/commentThread/context', when: onFinding, group: 'inline@1' },
    ],
  },
  {
    id: 'orchestra.review.dismiss',
    title: 'Dismiss',
    palette: false,
    places: [{ menu: 'comments/commentThread/title', when: onFinding, group: 'navigation@2' }],
  },
] as const satisfies readonly CommandRow[];
