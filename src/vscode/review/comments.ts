import * as vscode from 'vscode';
import { type ReviewFinding, mapLine } from '../../core/review/findings.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { openFindings, type ShownReview } from './shown.ts';
import { reviewUri } from './uris.ts';

/** What reviewers found and nobody took care of, as comments at its lines in the proposed files. */

const controllerId = 'orchestra.review';

/** Of which review, and which of its findings, a thread is; undefined for what is no thread of ours. */
export type FindingOf = (thread: unknown) => { run: string; finding: string } | undefined;

interface Findings {
  readonly disposable: vscode.Disposable;
  /** Draws the threads of this review anew; without one there are none. */
  show(shown: ShownReview | undefined): void;
  /** The finding of a thread that a button was pressed on. */
  readonly findingOf: FindingOf;
}

export function showFindings(): Findings {
  const controller = vscode.comments.createCommentController(controllerId, 'Review of Model Orchestra');
  controller.options = { prompt: 'Say more about the fix', placeHolder: 'What should the fix look like?' };
  const threads = new Map<string, vscode.CommentThread>();
  const known = new WeakMap<object, { run: string; finding: string }>();
  return {
    disposable: controller,
    show(shown) {
      const open = new Map((shown ? openFindings(shown) : []).map((finding) => [finding.id, finding]));
      for (const [id, thread] of threads) {
        if (open.has(id)) continue;
        thread.dispose();
        threads.delete(id);
      }
      if (!shown) return;
      for (const finding of open.values()) {
        const place = placeOf(shown, finding);
        if (!place) continue;
        const thread = threads.get(finding.id);
        if (thread) {
          thread.range = place.range;
          continue;
        }
        const made = controller.createCommentThread(place.uri, place.range, [commentOf(finding)]);
        made.label = finding.wanted ? 'Wants this mended' : 'Remark';
        made.contextValue = 'open';
        made.canReply = true;
        made.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
        threads.set(finding.id, made);
        known.set(made, { run: shown.run, finding: finding.id });
      }
    },
    findingOf: (thread) => (typeof thread === 'object' && thread !== null ? known.get(thread) : undefined),
  };
}

/** Undefined for one about no file of the change. */
export function placeOf(
  shown: ShownReview,
  finding: ReviewFinding,
): { uri: vscode.Uri; range: vscode.Range } | undefined {
  const path = finding.path;
  const file = path === undefined ? undefined : shown.file(path);
  if (path === undefined || !file?.textual) return undefined;
  const final = file.file.changes.at(-1)?.after?.text ?? '';
  const line = finding.line === undefined ? 0 : (mapLine(final, file.proposed.text ?? '', finding.line) ?? 0);
  return {
    uri: reviewUri({ run: shown.run, root: shown.root, path, side: 'proposed' }),
    range: new vscode.Range(line, 0, line, 0),
  };
}

function commentOf(finding: ReviewFinding): vscode.Comment {
  const suggestion = finding.suggestion === undefined ? '' : `Suggestion: ${finding.suggestion}`;
  const parts = [finding.claim, finding.detail, suggestion].map((part) => plain(part).trim());
  return {
    // Models wrote it: a text, never markup. (Escaped as markdown its spaces would be `&nbsp;`, which is what screen readers then spell.)
    body: parts.filter((part) => part !== '').join('\n\n'),
    mode: vscode.CommentMode.Preview,
    author: { name: oneLine(finding.title) },
    label: finding.severity,
  };
}
