import assert from 'node:assert/strict';
import { appendFile, readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as vscode from 'vscode';
import type { Entry } from '../../../src/vscode/extension.ts';
import { type Activation, activationFile, activationWords } from '../activation.ts';
import { place } from './support.ts';

describe('activation', () => {
  it('costs little more than that of an extension that does nothing', async () => {
    const found = <T>(id: string): vscode.Extension<T> => {
      const extension = vscode.extensions.getExtension<T>(id);
      assert.ok(extension, `${id} is installed`);
      assert.equal(extension.isActive, false, `${id} is not active before it is used`);
      return extension;
    };
    // What is garbage already is nobody's memory.
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const heap = (): number => {
      collect();
      return process.memoryUsage().heapUsed / 1024 / 1024;
    };
    const timed = async <T>(work: () => PromiseLike<T>): Promise<{ gave: T; ms: number; cpu: number; mib: number }> => {
      const before = heap();
      const [from, used] = [performance.now(), process.cpuUsage()];
      const gave = await work();
      const ms = performance.now() - from;
      const { user, system } = process.cpuUsage(used);
      return { gave, ms, cpu: (user + system) / 1000, mib: heap() - before };
    };
    const [other, own] = [found('test.empty'), found<Entry>('model-orchestra.model-orchestra')];
    // The first one pays for what the host does once: in every other start that is ours.
    const starts = (await readFile(activationFile(place), 'utf8').catch(() => '')).split('\n').length - 1;
    const first = starts % 2 === 1 ? await timed(() => own.activate()) : undefined;
    const empty = await timed(() => other.activate());
    const ours = first ?? (await timed(() => own.activate()));
    const open = await timed(() => ours.gave.open());
    const of = (what: 'ms' | 'cpu' | 'mib') => [empty[what], ours[what], open[what]] as const;
    const measured: Activation = { ms: of('ms'), cpu: of('cpu'), mib: of('mib') };
    await appendFile(activationFile(place), `${JSON.stringify(measured)}\n`);
    // Printed where the report is: mocha's own words go there too.
    const { Base } = (require('mocha') as { Mocha: typeof Mocha }).Mocha.reporters;
    Base.consoleLog(`    ${activationWords([measured])}`);
    // The engine is not read before it is wanted: that alone takes several MiB.
    assert.ok(ours.mib < 6, `activation takes ${ours.mib.toFixed(1)} MiB`);
  });
});
