import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import type { Decision } from '../../core/review/decisions.ts';
import type { RunState } from '../../core/run/state.ts';
import { oneLine } from '../../core/words/plain.ts';
import { creditWords } from '../../core/words/review.ts';
import { plural } from '../../core/words/words.ts';
import { told } from '../host.ts';
import type { Parts } from '../parts.ts';
import { personName } from '../person.ts';
import { placeOf, showFindings } from './comments.ts';
import { closeTabs, isAlone, openAll, openOne, placeNow } from './editors.ts';
import { serveReviews } from './files.ts';
import { refuseConflicts, restOf, settleUnsaved } from './finish.ts';
import { harmless, showLenses } from './lenses.ts';
import { type reviewCommands, reviewing } from './rows.ts';
import { reviewScheme } from './uris.ts';
import { fileUri, openShown, type ShownFile, type ShownHunk, type ShownReview } from './shown.ts';

type ReviewCommand = (typeof reviewCommands)[number]['id'];

export interface ReviewPart {
  readonly handlers: { readonly [K in ReviewCommand]: (...args: readonly unknown[]) => Promise<unknown> };
  readonly disposable: vscode.Disposable;
  /** Lets the person save what they have typed in files that an undo would touch; false when they go back. */
  settle(run: string): Promise<boolean>;
}

/** What a button hands to its command. */
interface Target {
  readonly run?: string;
  readonly path?: string;
  readonly hunks?: readonly string[];
}

/** The review of merged changes in this window: documents, lenses, comments and what the commands do. */
export function registerReview(parts: Pick<Parts, 'session' | 'channel' | 'settings'>): ReviewPart {
  const { session, channel, settings } = parts;
  const reviews = new Map<string, Promise<ShownReview>>();
  const ready = new Map<string, ShownReview>();
  let current: ShownReview | undefined;
  /** Runs that the review itself drives: their end opens nothing. */
  const busy = new Set<string>();

  const open = (run: string): Promise<ShownReview> => {
    let found = reviews.get(run);
    if (!found) {
      found = (async () => {
        const project = await session.project();
        if (!project) throw new UserError('no-folder', 'There is no folder whose runs could be reviewed.');
        const shown = await openShown(project, run, personName(), {
          failed: (error) => void told(channel, () => Promise.reject(error as Error)),
          heard: (record) => session.heard(run, record),
        });
        shown.onChange((paths) => {
          files.changed(shown, paths);
          lenses.renew();
          if (current === shown) findings.show(shown);
        });
        ready.set(run, shown);
        // What an editor holds of an earlier review is old.
        files.changed(
          shown,
          shown.files().map(({ file }) => file.path),
        );
        return shown;
      })();
      reviews.set(run, found);
      found.catch(() => reviews.delete(run));
    }
    return found;
  };
  const files = serveReviews((run) => open(run).catch(() => undefined));
  const lenses = showLenses(
    (run) => ready.get(run),
    () => session.view().titles,
  );
  const findings = showFindings();

  const close = (shown: ShownReview): void => {
    shown.dispose();
    reviews.delete(shown.run);
    ready.delete(shown.run);
    if (current === shown) makeCurrent(undefined);
  };
  const makeCurrent = (shown: ShownReview | undefined): void => {
    current = shown;
    findings.show(shown);
    void vscode.commands.executeCommand('setContext', reviewing, shown !== undefined);
  };
  /** The review that a command is about: the one it names, the one in the active editor, the one that is open. */
  const wanted = async (target: Target = {}): Promise<ShownReview> => {
    const run = target.run ?? placeNow((one) => ready.get(one))?.run ?? current?.run;
    if (run === undefined)
      throw new UserError('no-review', 'No review is open.', { hint: 'Open one with "Review Changes".' });
    const shown = await open(run);
    if (current !== shown) makeCurrent(shown);
    return shown;
  };
  const decide = async (shown: ShownReview, hunks: readonly string[], decision: Decision): Promise<void> => {
    const stuck = decision === 'keep' ? inConflict(shown, hunks) : undefined;
    if (stuck)
      throw new UserError('apply-conflict', `${stuck.hunk.path}: ${stuck.place.why ?? 'it does not fit your file'}.`, {
        hint: 'Settle it in your file first, or leave yours.',
      });
    await shown.take(await shown.open.decide(shown.review(), hunks, decision, AbortSignal.timeout(30_000)));
  };
  const onHunk = async (target: Target, decision: Decision): Promise<void> => {
    const shown = await wanted(target);
    const hunks = target.hunks ?? [hunkNow(shown).hunk.id];
    await decide(shown, hunks, decision);
    // By the keyboard one goes on to the next.
    if (!target.hunks && isAlone()) await go(shown, 1);
  };
  const onFile = async (target: Target, decision: Decision): Promise<void> => {
    const shown = await wanted(target);
    const path = target.path ?? placeNow((one) => ready.get(one))?.path;
    const file = path === undefined ? undefined : shown.file(path);
    if (!file) throw new UserError('no-file', 'No file of the review is in the active editor.');
    await decide(shown, decidable(file, decision), decision);
  };
  const onAll = async (target: Target, decision: Decision): Promise<void> => {
    const shown = await wanted(target);
    const hunks = shown.files().flatMap((file) => decidable(file, decision));
    await decide(shown, hunks, decision);
  };
  const hunkNow = (shown: ShownReview): ShownHunk => {
    const at = placeNow((one) => ready.get(one));
    const file = at && shown.file(at.path);
    const all = file ? [...file.hunks, ...file.card] : [];
    const here = all.findLast(({ place }) => at !== undefined && place.line <= at.line) ?? all[0];
    if (!here) throw new UserError('no-hunk', 'No hunk of the review is in the active editor.');
    return here;
  };
  /** Goes to the next hunk, or the one before, over the ends of files and around. */
  const go = async (shown: ShownReview, step: 1 | -1): Promise<void> => {
    const all = shown.files().flatMap((file) => [...file.hunks, ...file.card].map((one) => ({ file, one })));
    if (all.length === 0) return;
    const at = placeNow((one) => ready.get(one));
    const before = all.findLastIndex(
      ({ file, one }) => at !== undefined && file.file.path === at.path && one.place.line <= at.line,
    );
    const first = at ? all.findIndex(({ file }) => file.file.path === at.path) : -1;
    const from = before >= 0 ? before : first >= 0 ? first - (step > 0 ? 1 : 0) : step > 0 ? -1 : 0;
    const next = all[(from + step + all.length) % all.length]!;
    await openOne(shown, next.file, next.one.place.line);
  };
  /** Drives a piece of the review, shown in the panel as any work of the run. */
  const drive = async (shown: ShownReview, work: Parameters<typeof session.work>[1]) => {
    busy.add(shown.run);
    try {
      const result = await session.work(shown.run, work);
      await shown.look();
      return result;
    } finally {
      busy.delete(shown.run);
    }
  };
  const finish = async (target: Target): Promise<void> => {
    const shown = await wanted(target);
    await shown.look();
    const rest = await restOf(shown);
    if (rest === undefined) return;
    refuseConflicts(shown, rest);
    const kept = shown
      .files()
      .filter((file) => [...file.hunks, ...file.card].some(({ decision }) => (decision ?? rest) === 'keep'))
      .flatMap(({ file }) => file.changes.map(({ path }) => path));
    if (!(await settleUnsaved(shown.root, kept))) return;
    // What was saved just now may touch what was kept.
    await shown.look();
    refuseConflicts(shown, rest);
    const result = await drive(shown, (_project, host) => shown.open.finish({ rest, check: false }, host));
    if (!result) return;
    const said = [result.reason, result.outcome === 'applied' ? undefined : result.hint]
      .filter((t) => t !== undefined)
      .join(' ');
    if (result.outcome !== 'applied') {
      void vscode.window.showWarningMessage(`Model Orchestra: ${oneLine(said)}`);
      return;
    }
    await closeTabs(shown);
    close(shown);
    const written = plural(result.state.applied?.files.length ?? 0, 'file');
    void vscode.window.showInformationMessage(`Written: ${written}. ${oneLine(said)}`.trim(), 'Undo').then((chosen) => {
      if (chosen === 'Undo') void vscode.commands.executeCommand('orchestra.undo', shown.run);
    });
  };
  const check = async (target: Target): Promise<void> => {
    const shown = await wanted(target);
    const result = await drive(shown, (_project, host) => shown.open.check(host));
    if (result?.reason !== undefined)
      void vscode.window.showWarningMessage(`Model Orchestra: ${oneLine(result.reason)}`);
  };
  const fix = async (shown: ShownReview, finding: string, words: string): Promise<void> => {
    const wish = { finding, ...(words.trim() !== '' && { words }) };
    const result = await drive(shown, (_project, host) => shown.open.fix(wish, host));
    if (result?.reason !== undefined)
      void vscode.window.showWarningMessage(`Model Orchestra: ${oneLine(result.reason)}`);
  };
  const dismiss = async (shown: ShownReview, finding: string): Promise<void> => {
    await shown.take(await shown.open.dismiss(finding, AbortSignal.timeout(30_000)));
    findings.show(shown);
  };
  const onFinding = async (
    arg: unknown,
    act: (shown: ShownReview, finding: string, words: string) => Promise<void>,
  ) => {
    // A button of a thread hands over the thread; one below a reply the thread and what was typed.
    const reply = arg as { thread?: unknown; text?: string } | undefined;
    const found = findings.findingOf(arg) ?? findings.findingOf(reply?.thread);
    if (found) await act(await wanted({ run: found.run }), found.finding, reply?.text ?? '');
  };
  const listFindings = async (target: Target): Promise<void> => {
    const shown = await wanted(target);
    const all = shown.review().findings.filter(({ state }) => state === 'open');
    if (all.length === 0) return void vscode.window.showInformationMessage('No finding of a reviewer is open.');
    const chosen = await vscode.window.showQuickPick(
      all.map((finding) => ({
        label: harmless(finding.claim),
        description: `${oneLine(finding.title)} · ${finding.severity}${finding.path === undefined ? '' : ` · ${oneLine(finding.path)}`}`,
        finding,
      })),
      { title: 'Findings that nobody took care of' },
    );
    if (!chosen) return;
    const { finding } = chosen;
    const acts = ['Go to it', 'Fix', 'Dismiss'].slice(placeOf(shown, finding) ? 0 : 1);
    switch (await vscode.window.showQuickPick(acts, { title: oneLine(finding.claim) })) {
      case 'Go to it':
        return openOne(shown, shown.file(finding.path ?? '')!, placeOf(shown, finding)?.range.start.line);
      case 'Fix':
        return fix(shown, finding.id, '');
      case 'Dismiss':
        return dismiss(shown, finding.id);
      default:
    }
  };
  const who = async (target: Target): Promise<void> => {
    const shown = await wanted(target);
    const id = target.hunks?.[0] ?? hunkNow(shown).hunk.id;
    const hunk = shown
      .files()
      .flatMap((file) => [...file.hunks, ...file.card])
      .find((one) => one.hunk.id === id)?.hunk;
    if (!hunk) return;
    const { writers, opinions, notes } = hunk.credit;
    const { titles } = session.view();
    const items = [
      ...writers.map((writer) => ({
        label: harmless(creditWords({ writers: [writer], opinions: [], notes: [] }, titles)),
        description: writer.did,
      })),
      ...opinions.map((one) => ({
        label: harmless(one.title),
        description: `${one.verdict === 'needs-work' ? 'needs work' : one.verdict}${one.done ? ', done' : ''}`,
        detail: harmless(one.says ?? ''),
      })),
      ...notes.map((note) => ({ label: 'Resolved', detail: harmless(note) })),
    ];
    await vscode.window.showQuickPick(items, { title: `Behind ${oneLine(hunk.path)}` });
  };
  const openReviewOf = async (run: string): Promise<void> => {
    const shown = await open(run);
    await shown.look();
    makeCurrent(shown);
    await openAll(shown);
  };
  const chooseRun = async (): Promise<string | undefined> => {
    const view = session.view();
    if (view.shown && isReviewable(view.shown.state)) return view.shown.run;
    const found = view.runs.filter(({ state }) => state === 'ready' || state === 'applied');
    if (found.length < 2) return found[0]?.id;
    const items = found.map((info) => ({ label: harmless(info.task), description: info.id, run: info.id }));
    return (await vscode.window.showQuickPick(items, { title: 'Which run is reviewed?' }))?.run;
  };

  const disposable = vscode.Disposable.from(
    files.disposable,
    lenses.disposable,
    findings.disposable,
    session.onRecord(({ event }, run) => {
      if (event.type !== 'run.ended' || event.outcome !== 'ready' || busy.has(run)) return;
      const { shown } = session.view();
      if (shown?.run !== run || shown.driven !== 'here' || !isReviewable(shown.state) || !settings().openReview) return;
      void told(channel, () => openReviewOf(run));
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) =>
      // The editor reads a file anew that was changed on disk: its document is not dirty then.
      touched(
        document.uri,
        document.isDirty ? (shown, path) => shown.edited([path]) : (shown, path) => void shown.look([path]),
      ),
    ),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => touched(uri, (shown, path) => void shown.look([path]))),
    vscode.window.onDidChangeWindowState(({ focused }) => {
      if (focused && current) void current.look();
    }),
    // A tab that was restored asks for its documents: its review is the one that is open then.
    vscode.window.onDidChangeActiveTextEditor(() => {
      const at = placeNow((run) => ready.get(run));
      const shown = at && ready.get(at.run);
      if (shown && current !== shown) makeCurrent(shown);
    }),
    new vscode.Disposable(() => {
      for (const shown of ready.values()) shown.dispose();
    }),
  );
  /** A document of the person's that is a file of a review. */
  function touched(uri: vscode.Uri, act: (shown: ShownReview, path: string) => void): void {
    if (uri.scheme === reviewScheme || ready.size === 0) return;
    const text = uri.toString();
    for (const shown of ready.values()) {
      for (const { file, left } of shown.files()) {
        if ([file.path, left].some((path) => fileUri(shown.root, path).toString() === text)) act(shown, file.path);
      }
    }
  }

  const target = (arg: unknown): Target => {
    if (typeof arg !== 'object' || arg === null || arg instanceof vscode.Uri) return {};
    const { run, path, hunks } = arg as Target;
    return {
      ...(typeof run === 'string' && { run }),
      ...(typeof path === 'string' && { path }),
      ...(Array.isArray(hunks) && { hunks: hunks.filter((id) => typeof id === 'string') }),
    };
  };
  return {
    disposable,
    async settle(run) {
      const project = await session.project();
      const applied = project && (await project.show(run)).state.applied;
      return !project || !applied || settleUnsaved(project.root, applied.files);
    },
    handlers: {
      'orchestra.review.open': async (arg) => {
        const run = (typeof arg === 'string' ? arg : target(arg).run) ?? (await chooseRun());
        if (run === undefined) throw new UserError('no-review', 'No run has a change that could be reviewed.');
        await openReviewOf(run);
      },
      'orchestra.review.openFile': async (arg) => {
        const shown = await wanted(target(arg));
        const path =
          target(arg).path ??
          (await vscode.window.showQuickPick(
            shown.files().map(({ file }) => file.path),
            { title: 'Which file?' },
          ));
        const file = path === undefined ? undefined : shown.file(path);
        if (file) await openOne(shown, file, file.hunks[0]?.place.line);
      },
      'orchestra.review.keepHunk': async (arg) => onHunk(target(arg), 'keep'),
      'orchestra.review.undoHunk': async (arg) => onHunk(target(arg), 'undo'),
      'orchestra.review.keepFile': async (arg) => onFile(target(arg), 'keep'),
      'orchestra.review.undoFile': async (arg) => onFile(target(arg), 'undo'),
      'orchestra.review.keepAll': async (arg) => onAll(target(arg), 'keep'),
      'orchestra.review.undoAll': async (arg) => onAll(target(arg), 'undo'),
      'orchestra.review.takeBack': async (arg) => {
        const shown = await wanted(target(arg));
        await shown.take(await shown.open.takeBack(AbortSignal.timeout(30_000)));
      },
      'orchestra.review.previousHunk': async (arg) => go(await wanted(target(arg)), -1),
      'orchestra.review.nextHunk': async (arg) => go(await wanted(target(arg)), 1),
      'orchestra.review.check': async (arg) => check(target(arg)),
      'orchestra.review.finish': async (arg) => finish(target(arg)),
      'orchestra.review.who': async (arg) => who(target(arg)),
      'orchestra.review.findings': async (arg) => listFindings(target(arg)),
      'orchestra.review.fix': async (arg) => onFinding(arg, fix),
      'orchestra.review.dismiss': async (arg) => onFinding(arg, dismiss),
    },
  };
}

function isReviewable(state: RunState): boolean {
  return state.ledger?.balanced === true && state.ledger.hunks.length > 0;
}

/** Of a file the hunks that a decision can be made about: none is kept that does not fit. */
function decidable(file: ShownFile, decision: Decision): string[] {
  return [...file.hunks, ...file.card]
    .filter(({ place }) => decision === 'undo' || place.state !== 'conflict')
    .map(({ hunk }) => hunk.id);
}

function inConflict(shown: ShownReview, hunks: readonly string[]): ShownHunk | undefined {
  return shown
    .files()
    .flatMap((file) => [...file.hunks, ...file.card])
    .find((one) => one.place.state === 'conflict' && hunks.includes(one.hunk.id));
}
