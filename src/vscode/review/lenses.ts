import * as vscode from 'vscode';
import { checkedOf, shownOf } from '../../core/review/summary.ts';
import { oneLine } from '../../core/words/plain.ts';
import { checkedWords, creditWords } from '../../core/words/review.ts';
import type { ShownFile, ShownHunk, ShownReview } from './shown.ts';
import { reviewScheme } from '../schemes.ts';
import { parseReviewUri } from './uris.ts';

/** Above each hunk: what can be decided, what was, and who stands behind it. */
export function showLenses(
  reviewNow: (run: string) => ShownReview | undefined,
  titles: () => Readonly<Record<string, string>>,
): { readonly disposable: vscode.Disposable; renew(): void } {
  const changes = new vscode.EventEmitter<void>();
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changes.event,
    provideCodeLenses(document) {
      const wanted = parseReviewUri(document.uri);
      const shown = wanted && reviewNow(wanted.run);
      const file = wanted && shown?.file(wanted.path);
      if (!wanted || !shown || !file || wanted.side === 'nothing' || wanted.side === 'was') return [];
      const own = wanted.side === 'proposed' ? file.hunks : file.card;
      const last = Math.max(0, document.lineCount - 1);
      const lenses = own.flatMap((one) => {
        const line = Math.min(one.place.line, last);
        const range = new vscode.Range(line, 0, line, 0);
        return hunkLenses(shown.run, file, one, titles()).map((command) => new vscode.CodeLens(range, command));
      });
      if (wanted.side === 'proposed' && own.length > 1 && (own[0]?.place.line ?? 0) > 0) {
        const top = new vscode.Range(0, 0, 0, 0);
        lenses.unshift(...fileLenses(shown, file).map((command) => new vscode.CodeLens(top, command)));
      }
      return lenses;
    },
  };
  return {
    disposable: vscode.Disposable.from(
      changes,
      vscode.languages.registerCodeLensProvider({ scheme: reviewScheme }, provider),
    ),
    renew: () => changes.fire(),
  };
}

const said = (title: string): vscode.Command => ({ title, command: '' });

/** Words of models and names of files must not become icons. */
export const harmless = (text: string): string => oneLine(text).replaceAll('$(', '$ (');

function hunkLenses(
  run: string,
  { file, leftThere }: ShownFile,
  { hunk, place, decision }: ShownHunk,
  titles: Readonly<Record<string, string>>,
): vscode.Command[] {
  const decide = (title: string, command: string, tooltip: string): vscode.Command => ({
    title,
    command: `orchestra.review.${command}`,
    tooltip,
    arguments: [{ run, hunks: [hunk.id] }],
  });
  const keep = decide('Keep', 'keepHunk', 'Write this with Finish');
  const undo = decide('Undo', 'undoHunk', 'Leave this out');
  const credit: vscode.Command = {
    title: harmless(creditWords(hunk.credit, titles, 3)),
    command: 'orchestra.review.who',
    tooltip: 'Who wrote it, and all that was said about it',
    arguments: [{ run, hunks: [hunk.id] }],
  };
  const notes = [
    ...(hunk.note === undefined ? [] : [said(hunk.note)]),
    ...(hunk.kind === 'mode' ? [said('mode')] : []),
    ...(hunk.with === undefined ? [] : [said(harmless(`renamed from ${file.from ?? hunk.path}`))]),
    ...(file.gate
      ? [said(harmless(`$(shield) ${file.gate.verdict}: ${file.gate.reason ?? ''}`).replace('$ (shield)', '$(shield)'))]
      : []),
  ];
  switch (place.state) {
    case 'conflict': {
      const why = said(harmless(`Conflict: ${place.why ?? ''}`));
      const settle = decide('Settle in My File', 'mine', 'Change your file so that both fit; this follows it');
      return [
        { ...why, title: `$(warning)\u00a0${why.title}` },
        { ...undo, title: 'Leave Mine' },
        ...(leftThere ? [settle] : []),
        credit,
        ...notes,
      ];
    }
    case 'already':
      return [said('$(check)\u00a0Your file has this already'), credit, ...notes];
    case 'out':
      return [said('$(discard)\u00a0Undone'), keep, credit, ...notes];
    case 'there':
      return decision === 'keep'
        ? [said('$(check)\u00a0Kept'), undo, credit, ...notes]
        : [keep, undo, credit, ...notes];
  }
}

function fileLenses(shown: ShownReview, { file, hunks }: ShownFile): vscode.Command[] {
  const target = [{ run: shown.run, path: file.path }];
  const decided = hunks.filter(({ decision }) => decision !== undefined).length;
  const state = shown.state();
  return [
    { title: 'Keep File', command: 'orchestra.review.keepFile', arguments: target },
    { title: 'Undo File', command: 'orchestra.review.undoFile', arguments: target },
    said(`${decided} of ${hunks.length} decided`),
    {
      title: checkedWords[checkedOf(state, shownOf(state))],
      command: 'orchestra.review.check',
      arguments: [{ run: shown.run }],
    },
  ];
}
