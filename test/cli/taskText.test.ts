import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { UserError } from '../../src/core/errors.ts';
import { readTask, taskLimit } from '../../src/cli/taskText.ts';

const empty = (): Readable => Readable.from([]);

async function refused(source: Parameters<typeof readTask>[0], message: RegExp): Promise<void> {
  await assert.rejects(
    readTask(source),
    (error) => error instanceof UserError && error.code === 'usage' && message.test(error.message),
  );
}

describe('the task', () => {
  it('comes from the argument, from stdin or from a file', async () => {
    assert.equal(await readTask({ argument: '  Fix it \n', stdin: empty() }), 'Fix it');
    assert.equal(
      await readTask({ argument: '-', stdin: Readable.from([Buffer.from('Fix '), Buffer.from('it\n')]) }),
      'Fix it',
    );
    const folder = await mkdtemp(join(tmpdir(), 'orchestra-task-'));
    try {
      await writeFile(join(folder, 'task.md'), 'Fix 日本\n');
      assert.equal(await readTask({ file: join(folder, 'task.md'), stdin: empty() }), 'Fix 日本');
      await refused({ file: join(folder, 'none.md'), stdin: empty() }, /could not be read/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is refused with a clear word when there is none, or two', async () => {
    await refused({ stdin: empty() }, /no task/);
    await refused({ argument: '', stdin: empty() }, /empty/);
    await refused({ argument: ' \n\t', stdin: empty() }, /empty/);
    await refused({ argument: '-', stdin: empty() }, /empty/);
    await refused({ argument: 'a', file: 'b', stdin: empty() }, /twice/);
  });

  it('is refused when it is too long, and the rest is not read', async () => {
    await refused({ argument: 'x'.repeat(1_000_000), stdin: empty() }, /longer than 64 KB/);
    let given = 0;
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          given += 1;
          yield Buffer.alloc(8192, 'x');
        }
      })(),
    );
    await refused({ argument: '-', stdin: endless }, /longer than 64 KB/);
    assert.ok(given < 64);
    assert.equal((await readTask({ argument: 'x'.repeat(taskLimit), stdin: empty() })).length, taskLimit);
  });

  it('is refused when it is no text', async () => {
    await refused({ argument: '-', stdin: Readable.from([Buffer.from([0xff, 0xfe, 0x41])]) }, /UTF-8/);
    await refused({ argument: 'a\0b', stdin: empty() }, /UTF-8/);
  });
});
