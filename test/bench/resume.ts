import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fold } from '../../src/core/run/fold.ts';
import { acquireLease } from '../../src/node/run/lease.ts';
import { journalPath, openJournal, readJournal } from '../../src/node/run/journal.ts';
import { line, median } from './measure.ts';

const { signal } = new AbortController();

/** What it takes to stand again where a run of 1,000 events was, over reading and parsing its lines. */
export async function benchResume(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'orchestra-bench-'));
  try {
    const lease = await acquireLease(folder, { signal });
    const journal = await openJournal(folder, { lease, now: Date.now });
    const phase = 'analysis' as const;
    const entries = Array.from({ length: 1000 }, (_, n) => {
      const call = `analysis/role${n % 200}`;
      if (n === 0)
        return {
          event: {
            type: 'run.created' as const,
            task: 't',
            engine: 'bench',
            team: 'default',
            budget: { calls: 9999, minutes: 60 },
            scripted: true,
            budgetFrom: 'default' as const,
          },
        };
      return {
        event: {
          type: 'message.posted' as const,
          seq: n,
          from: 'critic',
          to: ['all'],
          kind: 'result',
          subject: call,
          memory: `orch/r/m/${n}`,
          body: 'x'.repeat(600),
          verified: true,
        },
        step: `${phase}/${n}`,
        ends: 'hash',
      };
    });
    await Promise.all(entries.map((entry) => journal.append(entry)));
    await journal.close();
    await lease.release();
    const path = journalPath(folder);
    const ours = await median(7, async () => fold((await readJournal(path)).records));
    const bare = await median(7, async () =>
      (await readFile(path, 'utf8'))
        .split('\n')
        .filter((l) => l !== '')
        .map((l) => JSON.parse(l) as unknown),
    );
    return [line('resume of 1,000 events: read, check, fold', ours, bare, 'reading and JSON.parse alone')];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
