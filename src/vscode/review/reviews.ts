import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import type { Host, RunResult } from '../../node/host.ts';
import { sayAloud } from '../aloud.ts';
import { told } from '../host.ts';
import type { Parts } from '../parts.ts';
import { personName } from '../person.ts';
import { type FindingOf, showFindings } from './comments.ts';
import { type PlaceNow, placeNow } from './editors.ts';
import { serveReviews } from './files.ts';
import { showLenses } from './lenses.ts';
import { reviewing } from './rows.ts';
import { openShown, type ShownReview } from './shown.ts';
import type { Target } from './target.ts';

/** The reviews that are open in this window, and what is drawn of them. One is current: commands that name none are about it. */
export interface Reviews {
  readonly files: vscode.FileSystemProvider;
  readonly disposable: vscode.Disposable;
  /** Opens it, unless it is open. */
  open(run: string): Promise<ShownReview>;
  /** Those that are open. */
  all(): readonly ShownReview[];
  current(): ShownReview | undefined;
  makeCurrent(shown: ShownReview): void;
  /** The review that a command is about: the one it names, the one in the active editor, the current one. It is current then. */
  wanted(target: Target): Promise<ShownReview>;
  /** Where the person is in one of them. */
  here(): PlaceNow | undefined;
  /** The finding of a thread that a button was pressed on. */
  findingOf: FindingOf;
  /** Reads the person's files again, in the background. */
  look(shown: ShownReview, paths?: readonly string[]): void;
  /** Drives a piece of the review, shown in the panel as any work of the run; undefined when it went wrong. */
  drive(shown: ShownReview, work: (host: Host) => Promise<RunResult>): Promise<RunResult | undefined>;
  isDriving(run: string): boolean;
  /** Says what the person has just done. */
  say(text: string): void;
  close(shown: ShownReview): void;
}

export function openReviews(parts: Pick<Parts, 'session' | 'channel' | 'panelVisible'>): Reviews {
  const { session, channel } = parts;
  const opening = new Map<string, Promise<ShownReview>>();
  const ready = new Map<string, ShownReview>();
  const driving = new Set<string>();
  let current: ShownReview | undefined;

  const files = serveReviews((run) => open(run).catch(() => undefined));
  const lenses = showLenses(
    (run) => ready.get(run),
    () => session.view().titles,
  );
  const findings = showFindings();

  const openAnew = async (run: string): Promise<ShownReview> => {
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
  };
  const open = (run: string): Promise<ShownReview> => {
    const known = opening.get(run);
    if (known) return known;
    const opened = openAnew(run);
    opening.set(run, opened);
    opened.catch(() => opening.delete(run));
    return opened;
  };
  const makeCurrent = (shown: ShownReview | undefined): void => {
    if (current === shown) return;
    current = shown;
    findings.show(shown);
    void vscode.commands.executeCommand('setContext', reviewing, shown !== undefined);
  };
  const here = (): PlaceNow | undefined => placeNow((run) => ready.has(run));

  return {
    files: files.provider,
    disposable: vscode.Disposable.from(
      files.disposable,
      lenses.disposable,
      findings.disposable,
      new vscode.Disposable(() => {
        for (const shown of ready.values()) shown.dispose();
      }),
    ),
    open,
    all: () => [...ready.values()],
    current: () => current,
    makeCurrent,
    async wanted(target) {
      const run = target.run ?? here()?.run ?? current?.run;
      if (run === undefined)
        throw new UserError('no-review', 'No review is open.', { hint: 'Open one with "Review Changes".' });
      const shown = await open(run);
      makeCurrent(shown);
      return shown;
    },
    here,
    findingOf: findings.findingOf,
    look: (shown, paths) => void told(channel, () => shown.look(paths)),
    async drive(shown, work) {
      driving.add(shown.run);
      try {
        const result = await session.work(shown.run, (_project, host) => work(host));
        await shown.look();
        return result;
      } finally {
        driving.delete(shown.run);
      }
    },
    isDriving: (run) => driving.has(run),
    say: (text) => sayAloud(text, parts),
    close(shown) {
      shown.dispose();
      opening.delete(shown.run);
      ready.delete(shown.run);
      if (current === shown) makeCurrent(undefined);
    },
  };
}
