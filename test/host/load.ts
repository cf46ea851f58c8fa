import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Frame, Page } from 'playwright-core';
import { type Spread, spreadOf, spreadWords } from '../bench/measure.ts';
import type { Place, Scenario } from './scenarios.ts';

/**
 * Twelve roles that write 200 lines a second each, in a real VS Code: whether its extension host stays in time, the panel is drawn, and
 * a person who types beside it notices nothing. The same is measured just before, while nothing runs.
 */

export const loadRoles = 12;
const linesPerSecond = 200;
/** Processes that play the roles. */
const servers = 4;
/** How long the same window is measured before the run, in seconds. */
const idleSeconds = 10;
/** Milliseconds between two keys: a fast typist's. */
const keyMs = 110;

/** What the suite tells whoever types: the window is open, what is measured now; `over` ends it. */
export type LoadPhase = 'open' | 'idle' | 'load' | 'hidden' | 'over' | 'between';
export const phaseFile = (place: string): string => join(place, 'phase.txt');
/** There when the page is ready to be measured. */
export const readyFile = (place: string): string => join(place, 'page.ready');
/** There when the page has read what the panel measured under load: only then may the panel be closed. */
export const readFromPanelFile = (place: string): string => join(place, 'panel.read');
/** Where the suite writes what it measured in the extension host. */
export const hostFile = (place: string): string => join(place, 'load.json');

/** Milliseconds by which the event loop of the extension host was late, and what came through it. */
export interface HostLoad {
  readonly idle: Spread;
  readonly load: Spread;
  /** Seconds that the load was measured for. */
  readonly seconds: number;
  /** Lines that came in, per role and second. */
  readonly lines: number;
  /** Share of one processor that the host used, of its own and not of the servers. */
  readonly cpu: { readonly idle: number; readonly load: number };
  /** MiB of the heap after a minute, or at the beginning, and at the end. */
  readonly heap: readonly [number, number];
}

interface PageLoad {
  /** Milliseconds from a key to the frame in which its letter stands. */
  readonly keys: Spread;
  /** How many keys that were. */
  readonly typed: number;
  /** Milliseconds between two frames of the panel. */
  readonly frames: Spread;
  /** Changes that the panel drew, a second. */
  readonly draws: number;
  /** Share of the one thread that the workbench and the panel have: what they need of a processor. */
  readonly share: number;
  /** Shares of a processor that the browser's processes used: those of pages, and what paints without a graphics card. */
  readonly cpu: { readonly pages: number; readonly paint: number };
}

export interface LoadResult {
  readonly host: HostLoad;
  /** `hidden`: the same load while nothing of ours is on the screen; only where that is asked for. */
  readonly page: { readonly idle: PageLoad; readonly load: PageLoad; readonly hidden?: PageLoad };
}

/** The load as a scenario for the host; `done` gets what was measured. `hidden`: for so many seconds more with the panel closed. */
export function loadScenario(seconds: number, done: (of: LoadResult) => void, hidden = 0): Scenario {
  return {
    name: 'load',
    launches: [{ suite: 'load' }],
    alone: true,
    minutes: 6 + (seconds + hidden) / 60,
    settings: ({ teamFile }) => ({
      'orchestra.teamFile': teamFile,
      'editor.quickSuggestions': { comments: 'off', strings: 'off', other: 'off' },
    }),
    prepare: (place) => writeLoad(place, seconds, hidden),
    page: async (page, place, signal) => done(await typeBeside(page, place, signal, hidden > 0)),
  };
}

/** A team whose readers stream for longer than is measured, and the script that they are played from. */
async function writeLoad({ place, teamFile }: Place, seconds: number, hidden: number): Promise<void> {
  await writeFile(join(place, 'load.seconds'), JSON.stringify({ idle: idleSeconds, load: seconds, hidden }));
  // Said again and again by its anchor: ten minutes of it would be a script of many megabytes.
  const times = 60;
  const lines = Math.ceil((((seconds + hidden) * 1.3 + 60) / times) * linesPerSecond);
  const text = Array.from({ length: lines }, (_, n) => lineOf(n)).join('');
  const says = Array.from({ length: times - 1 }, () => '      - say: *text');
  await writeFile(
    join(place, 'load.yaml'),
    [
      'version: 1',
      'parts:',
      '  - match: { kind: triage }',
      '    steps:',
      '      - answer: { title: Much at once, size: core, specialists: [], why: All at once. }',
      '  - match: { kind: findings }',
      `    pace: { chunk: ${Math.round(text.length / lines)}, delay: 4 }`,
      '    steps:',
      `      - say: &text ${JSON.stringify(text)}`,
      ...says,
      '',
    ].join('\n'),
  );
  const server = (name: string): string =>
    `  ${name}: { command: "\${node}", args: ["\${servers}/scripted.mjs", --script, "\${root}/../load.yaml", --name, ${name}], scripted: true }`;
  const numbers = (most: number): number[] => Array.from({ length: most }, (_, n) => n + 1);
  await writeFile(
    teamFile,
    [
      'version: 1',
      'team: load',
      'servers:',
      ...['agents', 'keys', ...numbers(servers).map((n) => `load-${n}`)].map(server),
      'models:',
      ...numbers(servers).map(
        (n) => `  load-${n}: { title: Load ${n}, vendor: nobody, routes: [{ server: load-${n}, ids: [load] }] }`,
      ),
      'roles:',
      ...numbers(loadRoles).map(
        (n) =>
          `  reader-${n}: { title: Reader ${n}, duties: [analyse], brief: Read., models: [{ model: load-${1 + (n % servers)} }] }`,
      ),
      `teams: { load: { core: [orchestrator, implementer, ${numbers(loadRoles)
        .map((n) => `reader-${n}`)
        .join(', ')}] } }`,
      'stops: { team: never, plan: never, apply: never }',
      'limits: { answerBytes: 100000000, callMinutes: 60 }',
      'budget: { calls: 100, minutes: 60 }',
      '',
    ].join('\n'),
  );
}

/** Lines as models write them, with a list, some code and emphasis among them. */
function lineOf(n: number): string {
  const words = 'reads the next file, finds where a caller is known, and says what follows from it';
  if (n % 17 === 0) return `\n### What was found in part ${n} of the code, and why it counts\n`;
  if (n % 5 === 0) return `- **Finding ${n}**: \`src/server.ts:${n % 90}\` ${words.slice(0, 40)}\n`;
  return `In step ${n} the model ${words}\n`;
}

/** Counts frames and changes of the panel, from now on. */
const inPanel = `(() => {
  const of = (window.measured = { frames: [], draws: 0 });
  let last = performance.now();
  const frame = () => { const now = performance.now(); of.frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new MutationObserver(() => { of.draws += 1; }).observe(document.querySelector('#panel'), { subtree: true, childList: true, characterData: true });
})()`;

/** Measures each key from when the browser got it to the frame after the editor drew it. */
const inWorkbench = `(() => {
  const keys = (window.measuredKeys = []);
  let pressed;
  document.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
  new MutationObserver(() => {
    if (pressed === undefined) return;
    const from = pressed;
    pressed = undefined;
    requestAnimationFrame(() => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => keys.push(performance.now() - from); port2.postMessage(0); });
  }).observe(document.querySelector('.editor-instance .view-lines'), { subtree: true, childList: true, characterData: true });
})()`;

/** Types for as long as the suite's phases last, and reads what the page measured in each. */
async function typeBeside(page: Page, { place }: Place, signal: AbortSignal, isHidden: boolean): Promise<LoadResult> {
  const phase = async (): Promise<LoadPhase> =>
    (await readFile(phaseFile(place), 'utf8').catch(() => 'between')) as LoadPhase;
  const until = async (fits: (now: LoadPhase) => boolean): Promise<LoadPhase> => {
    let now = await phase();
    for (; !fits(now) && !signal.aborted; now = await phase()) await sleep(100);
    return now;
  };
  // A machine that is busy with the load takes its time.
  page.setDefaultTimeout(180_000);
  await until((now) => now === 'open');
  const panel = await panelOf(page);
  await page.locator('.editor-instance .view-lines').first().click();
  await page.keyboard.press('Control+End');
  await page.evaluate(inWorkbench);
  await panel.evaluate(inPanel);
  const metrics = await page.context().newCDPSession(page);
  // Of the thread's own time: what others take on a busy machine is not its work.
  await metrics.send('Performance.enable', { timeDomain: 'threadTicks' });
  const busy = async (): Promise<number> =>
    (await metrics.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  const whole = await page.context().browser()?.newBrowserCDPSession();
  const spent = async (): Promise<{ pages: number; paint: number }> => {
    const { processInfo = [] } = (await whole?.send('SystemInfo.getProcessInfo')) ?? {};
    const of = (type: string): number =>
      processInfo.filter((one) => one.type === type).reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    return { pages: of('renderer'), paint: of('GPU') };
  };
  await writeFile(readyFile(place), '');

  const measured = async (of: LoadPhase): Promise<PageLoad> => {
    await until((now) => now === of || now === 'over');
    await page.evaluate('window.measuredKeys.length = 0');
    const isThere = of !== 'hidden';
    if (isThere) await panel.evaluate('window.measured.frames.length = 0; window.measured.draws = 0');
    const [from, before, used] = [performance.now(), await busy(), await spent()];
    for (let n = 0; (await phase()) === of && !signal.aborted; n++) {
      await page.keyboard.press(n % 40 === 39 ? 'Enter' : 'abcdefghij klmno pqrstu vwxyz'.charAt(n % 29));
      await sleep(keyMs);
    }
    const seconds = (performance.now() - from) / 1000;
    const share = ((await busy()) - before) / seconds;
    const { pages, paint } = await spent();
    const cpu = { pages: (pages - used.pages) / seconds, paint: (paint - used.paint) / seconds };
    const { frames, draws } = isThere
      ? ((await panel.evaluate('window.measured')) as { frames: number[]; draws: number })
      : { frames: [], draws: 0 };
    const keys = (await page.evaluate('window.measuredKeys')) as number[];
    return { keys: spreadOf(keys), typed: keys.length, frames: spreadOf(frames), draws: draws / seconds, share, cpu };
  };
  const idle = await measured('idle');
  const load = await measured('load');
  await writeFile(readFromPanelFile(place), '');
  const hidden = isHidden ? await measured('hidden') : undefined;
  await until((now) => now === 'over');
  const host = JSON.parse(await readFile(hostFile(place), 'utf8')) as HostLoad;
  return { host, page: { idle, load, ...(hidden && { hidden }) } };
}

/** The panel's own document, inside the editor's frames around it. */
async function panelOf(page: Page): Promise<Frame> {
  const body = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame').locator('#panel');
  await body.waitFor({ state: 'attached' });
  const frame = await (await body.elementHandle())?.ownerFrame();
  if (!frame) throw new Error('The panel has no frame.');
  return frame;
}

/** What the window did in one of its phases. */
function windowWords({ share, cpu, keys, typed }: PageLoad): string {
  const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
  return `a key stands after ${spreadWords(keys)}, ${typed} of them; ${percent(share)} of its thread, ${percent(cpu.pages)} of a processor for pages and ${percent(cpu.paint)} for painting`;
}

/** What was measured, for people. */
export function loadWords({ host, page }: LoadResult): string[] {
  const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
  return [
    `load: ${loadRoles} roles × ${host.lines.toFixed(0)} lines/s for ${host.seconds.toFixed(0)} s (median / 99 % / most; in brackets before it, in the same window):`,
    `  extension host late by ${spreadWords(host.load)} (${spreadWords(host.idle)}), ${percent(host.cpu.load)} of a processor (${percent(host.cpu.idle)}), heap ${host.heap[0].toFixed(0)} to ${host.heap[1].toFixed(0)} MiB`,
    `  window: ${windowWords(page.load)}; before it: ${windowWords(page.idle)}`,
    `  panel: a frame every ${spreadWords(page.load.frames)} (${spreadWords(page.idle.frames)}), ${page.load.draws.toFixed(1)} drawn a second`,
    ...(page.hidden ? [`  the same load with the panel closed: ${windowWords(page.hidden)}`] : []),
  ];
}

/**
 * Judges what host and window need of a processor, and how late the host is at the median. When a key stands is only told: on a machine whose
 * processors all belong to somebody that says nothing of us.
 */
export function assertUnharmed({ host, page }: LoadResult): void {
  assert.ok(host.lines > 50, `the scripted roles wrote ${host.lines.toFixed(0)} lines a second each: this is no load`);
  assert.ok(host.cpu.load < 0.6, `the extension host needs ${(host.cpu.load * 100).toFixed(0)} % of a processor`);
  assert.ok(page.load.share < 0.6, `the window needs ${(page.load.share * 100).toFixed(0)} % of its thread`);
  assert.ok(host.load.p50 < host.idle.p50 + 100, `the extension host is late by ${host.load.p50.toFixed(0)} ms`);
  assert.ok(page.load.typed > 0, 'somebody typed beside it');
}
