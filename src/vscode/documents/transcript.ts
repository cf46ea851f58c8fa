import * as vscode from 'vscode';
import { plain } from '../../core/words/plain.ts';
import { throttled } from '../panel/throttle.ts';
import type { Session } from '../session.ts';

/** How much of a transcript an editor gets; the rest lies in the file. */
const most = 1024 * 1024;
/** An editor that takes a whole text anew is given time for it. */
const paceMs = 700;

export interface TranscriptViews extends vscode.Disposable {
  /** What there is of the attempt that the address names; it is followed from then on. */
  text(uri: vscode.Uri): Promise<string>;
  /** Its editor is closed. */
  leave(uri: vscode.Uri): void;
}

/** The logs of calls that are open as editors: read from their files, and followed while they grow. */
export function openTranscriptViews(session: Session, changed: (uri: vscode.Uri) => void): TranscriptViews {
  const views = new Map<string, { text: () => string; control: AbortController }>();
  return {
    async text(uri) {
      const key = uri.toString();
      let view = views.get(key);
      if (!view) {
        view = follow(uri, session, () => changed(uri));
        views.set(key, view);
      }
      return view.text();
    },
    leave(uri) {
      views.get(uri.toString())?.control.abort();
      views.delete(uri.toString());
    },
    dispose() {
      for (const { control } of views.values()) control.abort();
      views.clear();
    },
  };
}

function follow(
  uri: vscode.Uri,
  session: Session,
  changed: () => void,
): { text: () => string; control: AbortController } {
  const control = new AbortController();
  const run = uri.path.split('/')[1] ?? '';
  const { call, attempt } = JSON.parse(uri.query) as { call: string; attempt: number };
  const pace = throttled(changed, paceMs);
  let text = '';
  let cut = false;
  const read = async (): Promise<void> => {
    const project = await session.project();
    if (!project) return;
    for await (const chunk of project.tail(run, call, attempt, control.signal)) {
      text += chunk;
      if (text.length > 2 * most) {
        text = text.slice(-most);
        cut = true;
      }
      pace.call();
    }
  };
  // Ends with the editor; whatever else ends it, what is there stays to be read.
  read()
    .catch(() => {})
    .finally(() => pace.dispose());
  return {
    control,
    text: () => {
      if (text === '') return 'Nothing was said yet.';
      const shown = cut ? `[The beginning is in the transcript's file.]\n…${text}` : text;
      return plain(shown);
    },
  };
}
