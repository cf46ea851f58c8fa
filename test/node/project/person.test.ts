import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { AskPermission } from '../../../src/core/ask.ts';
import { eventsOf, scenarios, story, tested } from './place.ts';

describe('the person has a word in a run', function () {
  const it = scenarios();

  it('what they say to one role, or to all, is in the next prompt of whom it is for, once', async (at) => {
    const place = await at({ script: 'say' });
    let run = '';
    let received = 0;
    const played = await place.run('Better words', {
      onRecord({ event }, id) {
        run = id;
        if (event.type === 'inbox.received') received += 1;
      },
      person: {
        async decide({ stop }) {
          if (stop !== 'team') return 'go';
          const project = await place.project();
          await project.say(run, 'mind the commas', 'scout');
          await project.say(run, 'everybody hush');
          while (received < 2) await delay(20);
          return 'go';
        },
      },
    });
    assert.equal(played.outcome, 'applied', story(played));
    const heard = (part: number): string[] =>
      place
        .counts()
        .flatMap((c) => (c.event === 'started' && c.prompts?.includes(part) ? [c.key] : []))
        .toSorted();
    assert.deepEqual(heard(0), ['analysis/scout']);
    assert.deepEqual(heard(1), [
      'analysis/doubter',
      'analysis/scout',
      'implementation/judge/criteria',
      'implementation/second/r0',
      'implementation/writer/r0',
      'synthesis/lead',
    ]);
  });

  it('commands are asked for, refused, allowed once or for this run; nobody there means no', async (at) => {
    const place = await at({ script: 'permission', team: tested });
    const asked: string[] = [];
    const played = await place.run('Louder', {
      person: {
        async permit({ detail, role }: AskPermission & { role: string }) {
          assert.equal(role, 'Writer');
          asked.push(detail);
          const said = detail.split(' ').at(-1);
          return said === 'once' || said === 'run' || said === 'nobody' ? said : 'no';
        },
      },
    });
    assert.equal(played.outcome, 'applied', story(played));
    const install = (word: string): string => `npm install ${word}`;
    const first = ['refused', 'once', 'run', 'nobody'].map(install);
    const second = ['refused', 'once', 'nobody'].map(install);
    assert.deepEqual(asked, [...first, ...second]);
    const had = ['check', 'look', 'once', 'run'];
    assert.equal(await place.read('had.txt'), [...had, ...had].map((w) => `${w}\n`).join(''));
    const answers = eventsOf(played, 'permission.answered').map((e) => `${e.answer} ${e.by}`);
    assert.deepEqual(answers.slice(0, 4), ['no test', 'once test', 'run test', 'no nobody there to ask']);
  });
});
