import assert from 'node:assert/strict';
import { quietLog } from '../../../harness/host.ts';
import { makeSample, type Sample, sampleTask } from '../../../harness/sample.ts';
import { openProject } from '../../../../src/node/project.ts';
import { never } from '../../../node/review/made.ts';
import { long } from '../seat.ts';
import type { Desk, Stage } from '../stage.ts';

const [suiteBegin, suiteEnd] = [globalThis.before, globalThis.after];

/** What reviewers of the sample's team remark: one remark is mended by its scripted writer, the other is let go. */
export function fixes(stage: Stage): void {
  describe('with remarks of reviewers', () => {
    let at: Desk;
    let sample: Sample;
    suiteBegin(async () => {
      sample = await makeSample({ tempo: 0, git: true, check: 'node --version' });
      const project = await openProject(sample.root, { log: quietLog, signal: never, from: 'test' });
      const ended = await project.start(
        { task: sampleTask, teamFile: sample.teamFile },
        {
          signal: never,
          person: {
            name: 'test',
            reviews: true,
            decide: async () => 'go',
            permit: async () => 'no',
            approve: async () => 'no',
          },
        },
      );
      assert.equal(ended.outcome, 'ready', ended.reason);
      at = await stage.open({ root: sample.root, run: ended.run, project });
    });
    suiteEnd(() => sample?.remove());

    const remark = (text: string) => at.page.locator('.review-widget').filter({ hasText: text });

    it('*Fix* asks the writer, with what the person adds; what it brings joins the review', async () => {
      await at.command('Model Orchestra: Review Changes');
      await at
        .lens(/^Keep$/)
        .first()
        .waitFor(long);
      // Its line may be far down: the list of all findings leads there.
      await at.command('Model Orchestra: Findings of the Reviewers');
      await at.pick('Two keys of one owner').click(long);
      await at.pick('Go to it').click(long);
      const shared = remark('Two keys of one owner share a bucket');
      await shared.locator('.review-thread-reply-button').click(long);
      await shared.locator('.comment-form .monaco-editor').first().click(long);
      await at.page.keyboard.type('In one line, please.');
      await at.shot('reply');
      await shared.locator('.form-actions .monaco-button').filter({ hasText: 'Fix' }).click(long);
      await at.until('joined', async () => (await at.state()).review.joined.length === 1);
      await shared.waitFor({ state: 'detached', ...long });
      const state = await at.state();
      const call = Object.values(state.calls).find((one) => one.call.startsWith('review/fix/'));
      assert.match((await at.project.prompt(at.run, call?.call ?? '', 1)) ?? '', /In one line, please\./);
      // What the run was asked long ago does not come up once more.
      assert.equal(await at.page.locator('.tab').filter({ hasText: 'Plan.md' }).count(), 0);
      await at.page.locator('.view-line').filter({ hasText: 'is no second bucket' }).first().waitFor(long);
      await at
        .lens(/mended/)
        .first()
        .waitFor(long);
      await at.shot('fixed');
    });

    it('*Dismiss* lets a remark go', async () => {
      await at.command('Model Orchestra: Findings of the Reviewers');
      await at.pick('An object for each caller').click(long);
      await at.pick('Go to it').click(long);
      const other = remark('An object for each caller');
      await other.locator('.action-label').filter({ hasText: 'Dismiss' }).click(long);
      await other.waitFor({ state: 'detached', ...long });
      assert.equal((await at.state()).review.dismissed.length, 1);
    });

    it('what was mended is kept and written', async () => {
      await at.command('Model Orchestra: Keep All');
      await at.until('kept', async () => Object.keys(await at.decided()).length > 10);
      await at.command('Model Orchestra: Finish Review');
      await at.until('applied', async () => (await at.state()).review.finished !== undefined);
      assert.match(await at.read('src/server.ts'), /A second key of the same owner is no second bucket/);
      assert.equal((await at.state()).review.finished?.checked, 'green');
    });
  });
}
