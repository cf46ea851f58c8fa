import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { decisionsOf } from '../../../src/core/review/decisions.ts';
import { fold } from '../../../src/core/run/fold.ts';
import type { RunState } from '../../../src/core/run/state.ts';
import type { Project } from '../../../src/node/project.ts';
import { type Editor, openBrowser, openEditor } from '../editor.ts';
import { type Seat, seatAt } from './seat.ts';

/** A project with a run that is ready for review. */
interface Ready {
  readonly root: string;
  readonly run: string;
  readonly project: Project;
}

/** A seat at a window on such a project, and what its journal and its files say. */
export interface Desk extends Seat, Ready {
  state(): Promise<RunState>;
  /** Hunks with the decision that stands. */
  decided(): Promise<Record<string, string>>;
  /** The text of a file of the project, or `(not there)`. */
  read(path: string): Promise<string>;
}

/** One VS Code for several stories: each opens a window of its own on its project. */
export interface Stage {
  /** A folder for the projects: cache and profile that the editor's processes share with the test lie in it. */
  place(): string;
  /** Opens a window; the one before is closed. */
  open(ready: Ready, size?: { width: number; height: number }): Promise<Desk>;
  /** A picture of the window that is open, as `Seat.shot`. */
  shot(name: string): Promise<void>;
  close(): Promise<void>;
}

/** `place` is what `Stage.place` gives; the environment of this process must name the cache and the profile already. */
export function openStage(version: string, place: () => string): Stage {
  const dark = process.env['ORCHESTRA_THEME'] === 'dark';
  let browser: Browser | undefined;
  let editor: Editor | undefined;
  let last: Seat | undefined;
  return {
    place,
    async open(ready, size) {
      browser ??= await openBrowser();
      editor ??= await openEditor(browser, {
        version,
        env: { ...process.env },
        settings: { 'workbench.colorTheme': dark ? 'Default Dark Modern' : 'Default Light Modern' },
      });
      await last?.page.context().close();
      const { page } = await editor.open({ folder: ready.root, dark, ...size });
      const seat = seatAt(page, `${version}-${dark ? 'dark' : 'light'}`);
      last = seat;
      const state = async (): Promise<RunState> => fold((await ready.project.show(ready.run)).records);
      return {
        ...seat,
        ...ready,
        state,
        decided: async () => Object.fromEntries(decisionsOf((await state()).review)),
        read: (path) => readFile(join(ready.root, path), 'utf8').catch(() => '(not there)'),
      };
    },
    shot: async (name) => last?.shot(name),
    async close() {
      await last?.shot('end');
      await editor?.close();
      await browser?.close();
    },
  };
}
