import assert from 'node:assert/strict';
import * as vscode from 'vscode';

describe('activation', () => {
  it('costs what it costs, against an extension that does nothing', async () => {
    const timed = async (id: string): Promise<number> => {
      const extension = vscode.extensions.getExtension(id);
      assert.ok(extension, `${id} is installed`);
      assert.equal(extension.isActive, false, `${id} is not active before it is used`);
      const from = performance.now();
      await extension.activate();
      return performance.now() - from;
    };
    const before = process.memoryUsage().heapUsed;
    const empty = await timed('test.empty');
    const ours = await timed('model-orchestra.model-orchestra');
    const heap = (process.memoryUsage().heapUsed - before) / 1024 / 1024;
    // Printed where the report is: mocha's own words go there too.
    const { Base } = (require('mocha') as { Mocha: typeof Mocha }).Mocha.reporters;
    Base.consoleLog(
      `    activation: ${ours.toFixed(0)} ms, of an empty extension ${empty.toFixed(0)} ms in the same host; heap +${heap.toFixed(1)} MiB`,
    );
  });
});
