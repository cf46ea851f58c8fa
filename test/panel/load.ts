import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { fold } from '../../src/core/run/fold.ts';
import type { PanelInput } from '../../src/vscode/panel/input.ts';
import { panelState } from '../../src/vscode/panel/state.ts';
import { throttled } from '../../src/vscode/panel/throttle.ts';
import { openTails } from '../../src/vscode/tails.ts';
import { type Spread, spreadOf } from '../bench/measure.ts';
import { journal } from '../fixtures/cli/story.ts';
import { idle } from '../fixtures/panel/states.ts';
import type { PanelBrowser, PanelPage } from './panelPage.ts';

/** Many roles that write fast: what the projection costs the extension host, and what drawing costs the panel. */

export interface Load {
  readonly roles: number;
  readonly linesPerSecond: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly states: number;
  /** Characters of the largest state. */
  readonly size: number;
  /** Milliseconds of making one state. */
  readonly made: Spread;
  /** Share of the host's time that making states and keeping tails took. */
  readonly share: number;
  /** Milliseconds by which the host's event loop was late, the sending to the browser included. */
  readonly late: Spread;
  /** Share of the page's main thread, and in it of script, and of styles and layout. */
  readonly page: { readonly all: number; readonly script: number; readonly layout: number };
  /** States that were drawn. */
  readonly draws: number;
  /** Milliseconds between two frames of the page. */
  readonly frames: Spread;
}

/** A run in which so many roles work at once. */
function workingRun(roles: number): ReturnType<typeof journal> {
  const names = Array.from({ length: roles }, (_, n) => `role-${n + 1}`);
  return journal([
    [
      0,
      {
        type: 'run.created',
        task: 'Much at once',
        engine: '0.1.0',
        team: 'default',
        budget: { calls: 100, minutes: 60 },
        scripted: true,
        budgetFrom: 'default',
      },
    ],
    [0, { type: 'phase.started', phase: 'analysis' }],
    [
      1,
      {
        type: 'team.chosen',
        title: 'Much at once',
        size: 'review',
        cast: names.map((role) => ({
          role,
          title: role,
          duties: ['analyse'],
          access: 'read',
          required: false,
          models: [{ model: 'gpt-5', effort: 'high' }],
        })),
        leftOut: [],
        forecast: { calls: [1, 2], tokens: [1, 2], minutes: [1, 2] },
        notes: [],
      },
    ],
    ...names.map((role): [number, object] => [
      2,
      {
        type: 'call.started',
        call: `analysis/${role}`,
        role,
        phase: 'analysis',
        kind: 'findings',
        title: 'Look',
        model: 'gpt-5',
        effort: 'high',
        attempt: 1,
        server: 'agents',
        id: 'gpt-5',
        promptBytes: 4000,
        reserved: { tokens: 10_000 },
        scripted: true,
      },
    ]),
  ]);
}

const pageScript = `(() => {
  window.load = { frames: [] };
  let last = performance.now();
  const frame = () => { const now = performance.now(); window.load.frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  window.draws = 0;
  new MutationObserver(() => { window.draws += 1; }).observe(document.querySelector('#panel'), { subtree: true, childList: true, characterData: true });
})()`;

/** Plays the load over the real projection, at the panel's pace, into a real page. */
export async function playLoad(browser: PanelBrowser, { roles, linesPerSecond, seconds }: Load): Promise<LoadResult> {
  const panel: PanelPage = await browser.open({ width: 400, height: 1000, ticks: true });
  await panel.page.evaluate(pageScript);
  const metrics = await panel.page.context().newCDPSession(panel.page);
  await metrics.send('Performance.enable');
  const spent = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await metrics.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]));
  const tails = openTails();
  const state = fold(workingRun(roles));
  const input = (): PanelInput => ({
    ...idle,
    now: Date.now(),
    runs: [],
    shown: { run: 'load', state, driven: 'here', tail: (call) => tails.of(call) },
  });
  const made: number[] = [];
  let busy = 0;
  let size = 0;
  let sending: Promise<unknown> = Promise.resolve();
  const pace = throttled(() => {
    const begin = performance.now();
    const text = JSON.stringify({ type: 'state', state: panelState(input(), undefined) });
    const took = performance.now() - begin;
    made.push(took);
    busy += took;
    size = Math.max(size, text.length);
    sending = sending.then(() => panel.page.evaluate(`window.postMessage(${text}, '*')`));
  }, 100);
  const late = monitorEventLoopDelay({ resolution: 5 });
  late.enable();
  const before = await spent();
  const begin = performance.now();
  let written = 0;
  while (performance.now() - begin < seconds * 1000) {
    const due = Math.floor(((performance.now() - begin) / 1000) * linesPerSecond);
    const start = performance.now();
    for (; written < due; written++)
      for (let n = 1; n <= roles; n++)
        tails.append(
          `analysis/role-${n}`,
          1,
          `${written} a line of role ${n} as models write them, of a usual length\n`,
        );
    pace.call();
    busy += performance.now() - start;
    await setTimeout(15);
  }
  const took = performance.now() - begin;
  late.disable();
  pace.dispose();
  await sending;
  const after = await spent();
  const wall = performance.now() - begin;
  const share = (...names: string[]): number =>
    names.reduce((sum, name) => sum + ((after[name] ?? 0) - (before[name] ?? 0)) * 1000, 0) / wall;
  const frames = (await panel.page.evaluate('window.load.frames')) as number[];
  const draws = (await panel.page.evaluate('window.draws')) as number;
  await panel.close();
  const ms = (nanoseconds: number): number => nanoseconds / 1e6;
  return {
    states: made.length,
    size,
    made: spreadOf(made),
    share: busy / took,
    late: { mean: ms(late.mean), p50: ms(late.percentile(50)), p99: ms(late.percentile(99)), most: ms(late.max) },
    page: {
      all: share('TaskDuration'),
      script: share('ScriptDuration'),
      layout: share('LayoutDuration', 'RecalcStyleDuration'),
    },
    draws,
    frames: spreadOf(frames.slice(5)),
  };
}
