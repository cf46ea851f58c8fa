import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { Spread } from '../../bench/measure.ts';
import {
  hostFile,
  type HostLoad,
  type LoadPhase,
  loadRoles,
  phaseFile,
  readFromPanelFile,
  readyFile,
} from '../load.ts';
import { activated, drawn, eventually, place, root, sampleTask, until } from './support.ts';

const resolution = 10;

interface Measured {
  readonly late: Spread;
  readonly cpu: number;
  readonly seconds: number;
}

/** How late the event loop of this process was for so long, in milliseconds, and how much of a processor it used. */
async function measured(seconds: number): Promise<Measured> {
  const late = monitorEventLoopDelay({ resolution });
  const from = performance.now();
  const cpu = process.cpuUsage();
  late.enable();
  await sleep(seconds * 1000);
  late.disable();
  const took = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  // What is recorded is the time between two looks.
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution);
  const spread = {
    mean: ms(late.mean),
    p50: ms(late.percentile(50)),
    p99: ms(late.percentile(99)),
    most: ms(late.max),
  };
  return { late: spread, cpu: (user + system) / 1e6 / took, seconds: took };
}

/** Lines in the transcripts of a run: what came in, was filtered and written. */
async function linesOf(run: string): Promise<number> {
  const folder = join(root, '.orchestration', 'runs', run, 'transcripts');
  const texts = (await readdir(folder)).filter((name) => !name.endsWith('.prompt.md'));
  const counts = await Promise.all(
    texts.map(async (name) => (await readFile(join(folder, name), 'utf8')).split('\n').length - 1),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

const heap = (): number => process.memoryUsage().heapUsed / 1024 / 1024;

describe('the window under load', () => {
  it(`${loadRoles} roles that write 200 lines a second each leave the extension host in time`, async function () {
    const seconds = JSON.parse(await readFile(join(place, 'load.seconds'), 'utf8')) as {
      idle: number;
      load: number;
      hidden: number;
    };
    this.timeout((seconds.load + seconds.hidden + 300) * 1000);
    const phase = (now: LoadPhase): Promise<void> => writeFile(phaseFile(place), now);
    try {
      const api = await activated();
      const { session } = api;
      await vscode.commands.executeCommand('orchestra.panel.focus');
      await vscode.window.showTextDocument(vscode.Uri.file(join(root, 'README.md')));
      await phase('open');
      await eventually('a page that is ready', () => existsSync(readyFile(place)));
      await phase('idle');
      const idle = await measured(seconds.idle);
      await phase('between');

      await session.start({ task: sampleTask });
      const streaming = (): number =>
        (drawn(api).run?.roles ?? []).filter(({ tail }) => (tail ?? '').length > 200).length;
      await until(session, 'that all of them stream', () => streaming() === loadRoles);
      await phase('load');
      const { shown } = session.view();
      const before = { heap: heap(), lines: await linesOf(shown?.run ?? '') };
      const load = await measured(seconds.load);
      const lines = (await linesOf(shown?.run ?? '')) - before.lines;
      await phase('between');
      const after = heap();
      if (seconds.hidden > 0) {
        await eventually('what the panel measured', () => existsSync(readFromPanelFile(place)));
        await vscode.commands.executeCommand('workbench.action.closeSidebar');
        await sleep(2000);
        await phase('hidden');
        await measured(seconds.hidden);
        await phase('between');
      }
      assert.equal(
        Object.values(shown?.state.calls ?? {}).filter(({ state }) => state === 'working').length,
        loadRoles,
      );
      const result: HostLoad = {
        idle: idle.late,
        load: load.late,
        seconds: load.seconds,
        lines: lines / load.seconds / loadRoles,
        cpu: { idle: idle.cpu, load: load.cpu },
        heap: [before.heap, after],
      };
      await writeFile(hostFile(place), JSON.stringify(result));
      await session.stop(shown?.run ?? '');
      await until(session, 'its end', () => session.view().shown?.driven === 'nobody');
    } finally {
      await phase('over');
    }
  });
});
