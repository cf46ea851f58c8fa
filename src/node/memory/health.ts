import { createHash } from 'node:crypto';
import { readdir, readFile, unlink } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { boardName, nowName, protocolName } from '../../core/bus/names.ts';
import { protocolPage } from '../../core/bus/pages.ts';
import { normalBody } from '../../core/bus/text.ts';
import { reasonOf } from '../../core/errors.ts';
import { pagesOf } from '../../core/phases/pages.ts';
import type { Log } from '../../core/ports.ts';
import type { JournalRecord } from '../../core/run/events.ts';
import { fold } from '../../core/run/fold.ts';
import { createExclusive, isDeadLock, liesWithin, staleIn } from '../files.ts';
import { orchestrationFolder, runFolder, runsFolder } from '../paths.ts';
import { journalPath, readJournal } from '../run/journal.ts';
import { acquireLease, type Holder, holderOf } from '../run/lease.ts';
import { listRuns, type RunInfo } from '../run/runs.ts';
import { liveMessages, messageIn, openBus } from './bus.ts';
import { putAside } from './drop.ts';
import { openStore, readStore } from './store.ts';

/** Something about the bus that is not as it should be. */
export interface BusTrouble {
  /** What it is, in a sentence for the person. */
  readonly detail: string;
  /** What is to be done about it, in a sentence. */
  readonly mend: string;
  /** Does it, and says in a sentence what was done; absent where only the person can. */
  readonly fix?: (signal: AbortSignal) => Promise<string>;
  /** It needs no mending, only to be known. */
  readonly minor?: boolean;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const some = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
const shown = (names: readonly string[]): string =>
  `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''}`;

/**
 * Looks through the bus of a project as it lies there: memories, drop folders, locks. Changes nothing; what a living process is at work
 * with is left out. Without a bus there is no trouble.
 */
export async function busTroubles(root: string, log: Log): Promise<BusTrouble[]> {
  const orch = join(root, '.serena', 'memories', 'orch');
  if (!(await liesWithin(root, orch).catch(() => true)))
    return [
      {
        detail: `${orch} leads out of the project: some folder on the way is a symbolic link, and nothing is read or written there.`,
        mend: 'Put a folder in its place.',
      },
    ];
  const entries = await readdir(orch, { withFileTypes: true }).catch(() => undefined);
  const runs = await listRuns(root);
  const found: BusTrouble[] = [];
  if (entries) {
    found.push(...(await aboutPages(root, orch, runs, log)), ...aboutStrangers(root, orch, entries, log));
  }
  for (const run of runs) {
    const holder = await holderOf(run.folder).catch(() => undefined);
    if (holder && holder.life !== 'dead') continue;
    // The last one is always to be seen.
    if (run === runs.at(-1) || entries?.some((e) => e.name === run.id))
      found.push(...(await aboutMessages(root, run, log)));
    found.push(...(await aboutLocks(run, holder)), ...(await aboutDrops(root, run, log)));
  }
  found.push(...(await aboutTemporaries(root, orch, runs)));
  return found;
}

/** Mends what can be mended, one after the other; a sentence for each thing done, or that could not be. */
export async function mendBus(root: string, log: Log, signal: AbortSignal): Promise<string[]> {
  const done = new Set<string>();
  // What is mended shows what else was wrong: pages are looked at when there are messages again.
  for (let pass = 0; pass < 3; pass++) {
    const mends = (await busTroubles(root, log)).flatMap(({ fix, detail }) => (fix ? [{ fix, detail }] : []));
    if (mends.length === 0) break;
    for (const { fix, detail } of mends) {
      signal.throwIfAborted();
      done.add(await fix(signal).catch((error: unknown) => `Not mended: ${detail} ${reasonOf(error)}`));
    }
  }
  return [...done];
}

/** The protocol, `now`, what keeps git from seeing it all, and the boards. */
async function aboutPages(root: string, orch: string, runs: readonly RunInfo[], log: Log): Promise<BusTrouble[]> {
  const store = readStore(root);
  const text = (name: string): Promise<string | undefined> => store.read(name, () => true).catch(() => '');
  const found: BusTrouble[] = [];
  const ignore = join(orch, '.gitignore');
  if ((await readFile(ignore, 'utf8').catch(() => undefined)) === undefined)
    found.push({
      detail: 'orch/.gitignore is missing: git sees the messages of runs.',
      mend: 'It is written again.',
      fix: async () => {
        await createExclusive(ignore, '*\n');
        return 'Wrote orch/.gitignore, so that git does not see the bus.';
      },
    });
  if ((await text(protocolName)) !== normalBody(protocolPage()))
    found.push({
      detail:
        'orch/protocol, which tells models how to read and write the bus, is missing or not what this version says.',
      mend: 'It is written again.',
      fix: async () => {
        await (await openStore(root)).write(protocolName, protocolPage());
        return 'Wrote orch/protocol.';
      },
    });
  const now = await text(nowName);
  const named = /^- run: (\S+)$/m.exec(now ?? '')?.[1];
  const last = runs.find((run) => run.id === named) ?? runs.at(-1);
  for (const run of runs) {
    if (run.state === 'running' || run.state === 'elsewhere' || run.state === 'damaged') continue;
    const records = (await readJournal(journalPath(run.folder)).catch(() => undefined))?.records ?? [];
    if (records.length === 0) continue;
    // An older run has its board among its archive, and `now` is of the last one only.
    const board = await text(boardName(run.id));
    const pages = pagesOf(run.id, fold(records)).filter(
      ({ name }) => (name === nowName && run === last) || (name === boardName(run.id) && board !== undefined),
    );
    const stale: { name: string; text: string }[] = [];
    for (const page of pages) if (!samePage(await text(page.name), page.text)) stale.push(page);
    if (stale.length === 0) continue;
    const names = stale.map(({ name }) => name).join(' and ');
    found.push({
      detail: `${names} ${stale.length === 1 ? 'does' : 'do'} not say what the journal of ${run.id} says.`,
      mend: 'Made anew from the journal.',
      fix: (signal) =>
        owning(run, signal, async () => {
          const open = await openStore(root);
          for (const { name, text: page } of stale) await open.write(name, page);
          log.debug(`bus: wrote ${names}`);
          return `Made ${names} anew from the journal of ${run.id}.`;
        }),
    });
  }
  return found;
}

/** Everything but the time that it says it was made. */
function samePage(there: string | undefined, page: string): boolean {
  const bare = (text: string): string => text.replace(/^- as of: .*$/m, '');
  return there !== undefined && bare(there) === bare(normalBody(page));
}

/** What lies among the runs and is none of the broker's. */
function aboutStrangers(
  root: string,
  orch: string,
  entries: readonly { name: string; isDirectory(): boolean }[],
  log: Log,
): BusTrouble[] {
  const known = new Set(['.gitignore', `${basename(protocolName)}.md`, `${basename(nowName)}.md`]);
  const strangers = entries.filter(
    (e) => !known.has(e.name) && !e.name.startsWith('.') && !(e.isDirectory() && /^r\d{6}-\d{6}-/.test(e.name)),
  );
  return strangers.map(({ name }) => ({
    detail: `${join('orch', name)} was not written by the broker, and every model that uses Serena sees it.`,
    mend: 'It is moved to .orchestration/archive/strange, with the reason beside it.',
    fix: async () => {
      const folder = join(orchestrationFolder(root), 'archive', 'strange');
      await putAside(
        folder,
        join(orch, name),
        'It lay among the memories of the bus, and the broker did not write it.',
        log,
      );
      return `Moved ${join('orch', name)} to .orchestration/archive/strange.`;
    },
  }));
}

/** The messages of a run against its journal. */
async function aboutMessages(root: string, run: RunInfo, log: Log): Promise<BusTrouble[]> {
  const reading = await readJournal(journalPath(run.folder)).catch(() => undefined);
  if (!reading || reading.readOnly?.code === 'journal-damaged' || reading.readOnly?.code === 'journal-newer') {
    if (run.state !== 'damaged') return [];
    return [
      {
        detail: `The journal of ${run.id} is damaged, so its messages cannot be compared with it.`,
        mend: `\`orchestra bus ${run.id}\` shows the messages that are there; the run itself cannot go on.`,
      },
    ];
  }
  const { records } = reading;
  const { lost, strange } = await compared(root, run, records);
  const found: BusTrouble[] = [];
  const mended = (said: string) => (signal: AbortSignal) =>
    owning(run, signal, async () => {
      const bus = await openBus({ root, run: run.id, store: await openStore(root), hash, log });
      await bus.projectMessages(records);
      return said;
    });
  if (lost.length > 0)
    found.push({
      detail: `${some(lost.length, 'message')} of ${run.id} ${lost.length === 1 ? 'is' : 'are'} missing, torn or changed: ${shown(lost)}.`,
      mend: 'Written again from the journal.',
      fix: mended(`Wrote ${some(lost.length, 'message')} of ${run.id} again, from its journal.`),
    });
  if (strange.length > 0)
    found.push({
      detail: `${some(strange.length, 'file')} among the messages of ${run.id} ${strange.length === 1 ? 'is' : 'are'} not of the bus: ${shown(strange)}.`,
      mend: `Put aside in the run's drop/rejected, with the reason beside it.`,
      fix: mended(`Put ${some(strange.length, 'file')} aside that lay among the messages of ${run.id}.`),
    });
  return found;
}

/** Which messages of the journal are not there as they should be, and what is there and in no journal. */
async function compared(
  root: string,
  run: RunInfo,
  records: readonly JournalRecord[],
): Promise<{ lost: string[]; strange: string[] }> {
  const store = readStore(root);
  const all = records.flatMap((record) => messageIn(record, run.id, hash) ?? []);
  const archived = new Set(await readdir(join(run.folder, 'archive', 'm')).catch((): string[] => []));
  const lost: string[] = [];
  for (const [n, { name, text }] of all.entries()) {
    const there = await store.read(name, (found) => found === text).catch(() => '');
    const isOld = n < all.length - liveMessages || archived.has(`${basename(name)}.md`);
    if (there === undefined ? !isOld : there !== text) lost.push(basename(name));
  }
  const known = new Set(all.map(({ name }) => `${basename(name)}.md`));
  const files = await readdir(join(store.pathOf(nowName), '..', run.id, 'm')).catch((): string[] => []);
  return { lost, strange: files.filter((file) => !file.startsWith('.') && !known.has(file)) };
}

/** Leases and locks of processes that are gone. */
async function aboutLocks(run: RunInfo, holder: Holder | undefined): Promise<BusTrouble[]> {
  const names = (await readdir(run.folder).catch((): string[] => [])).filter((n) => n.startsWith('lease.lock'));
  const dead: string[] = [];
  for (const name of names) if (await isDeadLock(join(run.folder, name))) dead.push(name);
  const fix = (signal: AbortSignal): Promise<string> =>
    owning(run, signal, async () => {
      for (const name of dead) await unlink(join(run.folder, name)).catch(() => {});
      return `Gave ${run.id} free, which a process held that is gone.`;
    });
  if (holder?.life !== 'dead' && dead.length === 0) return [];
  const who = holder?.life === 'dead' ? ` (process ${holder.owner.pid} on ${holder.owner.host})` : '';
  return [
    {
      detail: `${run.id} is held by a process that is gone${who}.`,
      mend: `It is given free; \`orchestra resume ${run.id}\` would take it over as well.`,
      fix,
    },
  ];
}

/** What models left and nobody will take any more, and what was refused. */
async function aboutDrops(root: string, run: RunInfo, log: Log): Promise<BusTrouble[]> {
  const found: BusTrouble[] = [];
  const drop = join(run.folder, 'drop');
  const rejected = join(drop, 'rejected');
  const memories = join(root, '.serena', 'memories', 'orch', run.id, 'drop');
  const refused = (await readdir(rejected).catch((): string[] => [])).filter((n) => n.endsWith('.reason.txt'));
  if (refused.length > 0)
    found.push({
      detail: `${some(refused.length, 'message')} to ${run.id} ${refused.length === 1 ? 'was' : 'were'} refused: ${await firstReason(rejected, refused)}`,
      mend: `They lie in ${relative(root, rejected)}, each with its reason; remove the folder when you have seen them.`,
      minor: true,
    });
  // Who goes on with the run takes them.
  if (run.state === 'interrupted' || run.state === 'stopped' || run.state === 'spent' || run.state === 'failed')
    return found;
  const left = [
    ...(await readdir(drop).catch((): string[] => [])).filter((n) => n.endsWith('.json')).map((n) => join(drop, n)),
    ...(await readdir(memories).catch((): string[] => []))
      .filter((n) => n.endsWith('.md'))
      .map((n) => join(memories, n)),
  ];
  if (left.length > 0)
    found.push({
      detail: `${some(left.length, 'message')} ${left.length === 1 ? 'lies' : 'lie'} in the drop folder of ${run.id}, which has ended: nobody takes them any more.`,
      mend: `Put aside in ${relative(root, rejected)}, with the reason beside each.`,
      fix: (signal) =>
        owning(run, signal, async () => {
          for (const path of left) await putAside(rejected, path, 'The run had ended when it was found.', log);
          return `Put ${some(left.length, 'message')} aside that came after ${run.id} had ended.`;
        }),
    });
  return found;
}

async function firstReason(folder: string, names: readonly string[]): Promise<string> {
  const reason = await readFile(join(folder, names[0] ?? ''), 'utf8').catch(() => '');
  return reason.trim().split('\n')[0]?.slice(0, 200) || 'without a reason.';
}

/** Temporaries that a crash left, ours and Serena's. */
async function aboutTemporaries(root: string, orch: string, runs: readonly RunInfo[]): Promise<BusTrouble[]> {
  const folders = [
    orch,
    ...(await readdir(orch, { withFileTypes: true, recursive: true }).catch(() => []))
      .filter((e) => e.isDirectory())
      .map((e) => join(e.parentPath, e.name)),
    orchestrationFolder(root),
    runsFolder(root),
    ...runs.flatMap(({ id }) => {
      const folder = runFolder(root, id);
      return [folder, join(folder, 'drop'), join(folder, 'drop', 'receipts'), join(folder, 'inbox')];
    }),
  ];
  const stale = (await Promise.all(folders.map((folder) => staleIn(folder, 60_000)))).flat();
  if (stale.length === 0) return [];
  return [
    {
      detail: `${some(stale.length, 'half-written file')} of processes that are gone ${stale.length === 1 ? 'lies' : 'lie'} there: ${shown(stale.map((path) => relative(root, path)))}.`,
      mend: 'Removed: what they were to become was written by whoever came after.',
      fix: async () => {
        for (const path of stale) await unlink(path).catch(() => {});
        return `Removed ${some(stale.length, 'half-written file')}.`;
      },
    },
  ];
}

/** Nobody else may go on with the run meanwhile. */
async function owning<T>(run: RunInfo, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const lease = await acquireLease(run.folder, { signal });
  try {
    return await work();
  } finally {
    await lease.release();
  }
}
