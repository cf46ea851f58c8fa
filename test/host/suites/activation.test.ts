import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
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
    const heap = (): number => process.memoryUsage().heapUsed / 1024 / 1024;
    const timed = async <T>(work: () => PromiseLike<T>): Promise<{ gave: T; ms: number; mib: number }> => {
      const [from, before] = [performance.now(), heap()];
      const gave = await work();
      return { gave, ms: performance.now() - from, mib: heap() - before };
    };
    const [other, own] = [found('test.empty'), found<Entry>('model-orchestra.model-orchestra')];
    const empty = await timed(() => other.activate());
    const ours = await timed(() => own.activate());
    const open = await timed(() => ours.gave.open());
    const measured: Activation = { empty: empty.ms, ours: ours.ms, open: open.ms, heap: [ours.mib, open.mib] };
    await appendFile(activationFile(place), `${JSON.stringify(measured)}\n`);
    // Printed where the report is: mocha's own words go there too.
    const { Base } = (require('mocha') as { Mocha: typeof Mocha }).Mocha.reporters;
    Base.consoleLog(`    ${activationWords([measured])}`);
    // The engine is not read before it is wanted: that alone takes several MiB.
    assert.ok(ours.mib < 6, `activation takes ${ours.mib.toFixed(1)} MiB`);
  });
});
