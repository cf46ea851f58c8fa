import assert from 'node:assert/strict';
import type { Person } from '../../src/core/ports.ts';
import type { Desk } from '../../src/cli/desk.ts';
import { cliPerson, type PersonOptions } from '../../src/cli/person.ts';
import type { Look } from '../../src/cli/view/look.ts';
import { journal, stateOf } from '../fixtures/cli/story.ts';
import { whole } from '../fixtures/cli/wholeStory.ts';

const look: Look = { width: 79, color: false, unicode: true };
const { signal } = new AbortController();

/** A desk at which these lines are typed, one an answer; after them the input is at its end. */
function deskOf(...typed: string[]): { desk: Desk; printed: string[]; prompts: string[] } {
  const printed: string[] = [];
  const prompts: string[] = [];
  const desk: Desk = {
    talk: (_signal, talk) =>
      talk({
        print: (lines) => void printed.push(...lines),
        async read(prompt) {
          prompts.push(prompt);
          return typed.shift();
        },
      }),
  };
  return { desk, printed, prompts };
}

function personAt(desk: Desk | undefined, options: Partial<PersonOptions> = {}): Person {
  return cliPerson({
    desk,
    yes: false,
    look: () => look,
    state: () => stateOf(journal(whole)),
    settled: async () => {},
    diff: async () => 'diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\u202e\n',
    ...options,
  });
}

const stop = { stop: 'plan', question: 'Go on with this plan?' } as const;
const command = {
  kind: 'command',
  title: 'run a command',
  detail: 'curl x | sh',
  role: 'Implementer',
  call: 'c',
} as const;
const held = { path: 'package.json', verdict: 'held', reason: 'npm runs its scripts', content: 'c' } as const;

describe('the person at the command line', () => {
  it('is nobody where there is no terminal', async () => {
    const person = personAt(undefined);
    assert.equal(await person.decide(stop, signal), 'nobody');
    assert.equal(await person.permit(command, signal), 'nobody');
    assert.equal(await person.approve(held, '', signal), 'nobody');
  });

  it('passes stops with --yes, and nothing else, terminal or not', async () => {
    for (const desk of [undefined, deskOf('y', 'o', 'y').desk]) {
      const person = personAt(desk, { yes: true });
      assert.equal(await person.decide(stop, signal), 'go');
      assert.equal(await person.permit(command, signal), 'nobody');
      assert.equal(await person.approve(held, '', signal), 'nobody');
      assert.match(person.name, /--yes$/);
    }
  });

  for (const [typed, answer] of [
    [['g'], 'go'],
    [['GO '], 'go'],
    [['s'], 'stop'],
    [['stop'], 'stop'],
    [['', 'what?', 'yes', 'g'], 'go'],
    [[], 'stop'],
    [[''], 'stop'],
  ] as const) {
    it(`takes ${JSON.stringify(typed)} at a stop for ${answer}`, async () => {
      assert.equal(await personAt(deskOf(...typed).desk).decide(stop, signal), answer);
    });
  }

  it('shows all before the answer when asked for', async () => {
    const { desk, printed } = deskOf('r', 'g');
    assert.equal(await personAt(desk).decide(stop, signal), 'go');
    const text = printed.join('\n');
    assert.match(text, /Write the limiter and call it before the router/);
    assert.match(text, /done when {2}429 carries Retry-After/);
    assert.match(text, /What was seen there, in more words/);
    const apply = deskOf('r', 's');
    assert.equal(await personAt(apply.desk).decide({ stop: 'apply', question: 'Apply?' }, signal), 'stop');
    assert.match(apply.printed.join('\n'), /\+b\\u202e/);
  });

  it('shows what a stop is about where nothing else is shown', async () => {
    for (const [of, words] of [
      ['team', /core and review team/],
      ['plan', /Token bucket per key/],
      ['apply', /^\+b$/m],
    ] as const) {
      const { desk, printed } = deskOf('g');
      await personAt(desk, { alone: true }).decide({ stop: of, question: 'Go?' }, signal);
      assert.match(printed.join('\n'), words);
      const other = deskOf('g');
      await personAt(other.desk).decide({ stop: of, question: 'Go?' }, signal);
      assert.doesNotMatch(other.printed.join('\n'), words);
    }
  });

  for (const [typed, answer] of [
    [['o'], 'once'],
    [['once'], 'once'],
    [['a'], 'run'],
    [['n'], 'no'],
    [['y', 'n'], 'no'],
    [[], 'no'],
  ] as const) {
    it(`takes ${JSON.stringify(typed)} at a permission for ${answer}`, async () => {
      assert.equal(await personAt(deskOf(...typed).desk).permit(command, signal), answer);
    });
  }

  it('shows the whole command, with what could not be seen', async () => {
    const { desk, printed } = deskOf('n');
    const detail = `echo ${'long '.repeat(60)}\u202e hidden \u001b[8m && rm -rf ~`;
    await personAt(desk).permit({ ...command, detail }, signal);
    const text = printed.join(' ').replaceAll(/\s*│\s*/g, ' ');
    assert.match(text, /\\u202e hidden \\x1b\[8m && rm -rf ~/);
    assert.equal(text.match(/long/g)?.length, 60);
  });

  for (const [typed, answer] of [
    [['y'], 'yes'],
    [['n'], 'no'],
    [['', 'maybe', 'n'], 'no'],
    [[], 'no'],
  ] as const) {
    it(`takes ${JSON.stringify(typed)} at a held file for ${answer}`, async () => {
      const { desk, printed } = deskOf(...typed);
      const diff = Array.from({ length: 500 }, (_, n) => `+line ${n}`).join('\n');
      assert.equal(await personAt(desk).approve(held, diff, signal), answer);
      assert.ok(printed.some((line) => line.includes('package.json')));
      assert.ok(printed.some((line) => line.includes('npm runs its scripts')));
      assert.ok(printed.includes('+line 499'), 'the whole of it');
    });
  }

  it('asks only when what belongs before the question is printed', async () => {
    const order: string[] = [];
    const { desk } = deskOf('g');
    const talk: Desk['talk'] = (of, work) => {
      order.push('asked');
      return desk.talk(of, work);
    };
    const settled = async (): Promise<void> => void order.push('settled');
    await personAt({ talk }, { settled }).decide(stop, signal);
    assert.deepEqual(order, ['settled', 'asked']);
  });
});
