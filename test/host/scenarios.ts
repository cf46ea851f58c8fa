import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { assertUnharmed, loadScenario, loadWords } from './load.ts';

/** What is played in a real editor: a folder, how it is trusted, and the suites one after the other on the same user data. */
export interface Place {
  /** Beside the project: user data, team file, the scripted servers' count. */
  readonly place: string;
  readonly root: string;
  readonly teamFile: string;
}

/** One start of the editor: a suite in a window, and perhaps another in a second window on the same folder. */
export interface Launch {
  readonly suite: string;
  readonly second?: string;
  readonly kill?: boolean;
}

export interface Scenario {
  readonly name: string;
  readonly launches: readonly Launch[];
  /** What is opened; default the sample. Undefined: nothing. */
  readonly folder?: (place: Place) => string | undefined;
  readonly trust?: boolean;
  /** How fast the script is played. */
  readonly tempo?: number;
  readonly settings?: (place: Place) => Record<string, unknown>;
  readonly prepare?: (place: Place) => Promise<void>;
  /** What is done in the first window's page, as a person would, until its suite has ended. */
  readonly page?: (page: Page, place: Place, signal: AbortSignal) => Promise<void>;
  /** How long a suite may take; default 9. */
  readonly minutes?: number;
  /** It measures: nothing else goes on beside it. */
  readonly alone?: boolean;
  /** What it shows hangs on what an editor's version can do: it is played in each. The others are in the newest only, unless one is named. */
  readonly everyVersion?: boolean;
  /** Fixture extensions beside ours. */
  readonly beside?: readonly string[];
  /** With the package that `npm run package` made, installed, in the place of the sources' build; only when asked for by name. */
  readonly packaged?: boolean;
}

const scripted = ({ teamFile }: Place): Record<string, unknown> => ({ 'orchestra.teamFile': teamFile });

export const scenarios: readonly Scenario[] = [
  // In the older version too: as `package`, and by clicks in the pages.
  { name: 'story', launches: [{ suite: 'story' }], settings: scripted },
  {
    name: 'restart',
    launches: [{ suite: 'restartBegin', kill: true }, { suite: 'restartGoesOn' }],
    settings: scripted,
    tempo: 1,
    everyVersion: true,
  },
  { name: 'watch', launches: [{ suite: 'watch' }], settings: scripted, tempo: 1 },
  {
    name: 'untrusted',
    launches: [{ suite: 'untrusted' }],
    settings: scripted,
    trust: false,
    prepare: bringALot,
    everyVersion: true,
  },
  { name: 'no folder', launches: [{ suite: 'noFolder' }], folder: () => undefined },
  { name: 'small', launches: [{ suite: 'small' }], everyVersion: true },
  {
    name: 'language models',
    launches: [{ suite: 'languageModels' }],
    beside: ['models'],
    settings: () => ({ 'chat.disableAIFeatures': false }),
    everyVersion: true,
  },
  {
    name: 'windows',
    launches: [{ suite: 'windowDrives', second: 'windowWatches' }],
    settings: scripted,
    tempo: 1,
    everyVersion: true,
  },
  loadScenario(60, (of) => {
    for (const line of loadWords(of)) console.log(`    ${line}`);
    assertUnharmed(of);
  }),
  {
    name: 'package',
    launches: [{ suite: 'activation' }, { suite: 'story' }],
    settings: scripted,
    beside: ['empty'],
    packaged: true,
    everyVersion: true,
  },
  {
    name: 'folders',
    launches: [{ suite: 'folders' }],
    folder: ({ place }) => join(place, 'two.code-workspace'),
    prepare: twoFolders,
  },
];

/** A repository that brings what would run if anybody looked at it: a team file with a server, and a run. */
async function bringALot({ place, root }: Place): Promise<void> {
  const run = join(root, '.orchestration', 'runs', 'r261101-000000-abcd');
  await mkdir(run, { recursive: true });
  const created = {
    type: 'run.created',
    task: 'theirs',
    engine: '0.1.0',
    team: 'default',
    budget: { calls: 1, minutes: 1 },
    scripted: false,
    budgetFrom: 'default',
  };
  const line = { seq: 1, at: '2026-11-01T00:00:00.000Z', epoch: 1, event: created };
  await writeFile(join(run, 'journal.jsonl'), `${JSON.stringify(line)}\n`);
  const touch = `require('node:fs').writeFileSync(${JSON.stringify(join(place, 'started'))}, '')`;
  await writeFile(
    join(root, '.orchestration', 'team.yaml'),
    `version: 1\nservers:\n  agents:\n    command: node\n    args: [-e, ${JSON.stringify(touch)}]\n`,
  );
}

async function twoFolders({ place }: Place): Promise<void> {
  await mkdir(join(place, 'other'));
  await writeFile(
    join(place, 'two.code-workspace'),
    JSON.stringify({ folders: [{ path: 'links' }, { path: 'other' }] }),
  );
}
