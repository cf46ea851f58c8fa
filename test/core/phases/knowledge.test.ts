import assert from 'node:assert/strict';
import { memoryNameOf } from '../../../src/core/bus/names.ts';
import { CrashError } from '../ports/crash.ts';
import { live } from '../ports/live.ts';
import { eventsOf, promptOf, smallWorld, wrote } from '../ports/small.ts';
import { stateOf, type World } from '../ports/world.ts';

const note = { name: 'decisions/tabs', text: 'Tabs, since 2026.\r\n', why: 'Nobody would guess.' };

function proposing(remember: object[] = [note]): World {
  const world = smallWorld({ integration: { json: { summary: 'It is done.', remember } } });
  world.person = { approve: async () => 'yes' };
  return world;
}

describe('what the project remembers', () => {
  it('is what the orchestrator proposes and the person agrees to, as it was shown', async () => {
    const world = proposing();
    const shown: string[] = [];
    world.person = {
      approve: async (file, diff) => {
        shown.push(`${file.path} ${file.verdict} ${file.reason}\n${diff}`);
        return 'yes';
      },
    };
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual([...world.knowledge], [['decisions/tabs', 'Tabs, since 2026.\n']]);
    assert.equal(shown.length, 1);
    assert.match(
      shown[0] ?? '',
      /^\.serena\/memories\/decisions\/tabs\.md held Every later run.*Nobody would guess\.\n[\s\S]*\+Tabs, since 2026\./,
    );
    assert.deepEqual(eventsOf(world, 'knowledge.kept'), [
      { type: 'knowledge.kept', name: 'decisions/tabs', by: 'ana' },
    ]);
    assert.match(stateOf(world).report ?? '', /decisions\/tabs: kept/);
  });

  it('is proposed by who does the task alone, in its answer: no call more is made for it', async () => {
    const world = smallWorld({
      triage: { json: { title: 'Small', size: 'one', writer: 'implementer', why: 'So.' } },
      'implementation/implementer/r0': wrote(
        { 'a.ts': 'ONE\ntwo\nthree\n' },
        { json: { summary: 'Done.', remember: [note] } },
      ),
    });
    const shown: string[] = [];
    world.person = {
      approve: async ({ reason }) => {
        shown.push(reason ?? '');
        return 'yes';
      },
    };
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual([...world.knowledge], [['decisions/tabs', 'Tabs, since 2026.\n']]);
    assert.match(shown[0] ?? '', /Implementer proposes it: Nobody would guess\.$/);
    assert.match(promptOf(world, 'implementation/implementer/r0'), /You do this alone\. Under `remember` propose/);
    assert.deepEqual(
      world.asked.map((a) => a.input.call.kind),
      ['triage', 'written'],
    );
    // In a team only the orchestrator is asked.
    const team = smallWorld({
      'implementation/implementer/r0': wrote({ 'a.ts': 'ONE\n' }, { json: { summary: 'Done.', remember: [note] } }),
    });
    team.person = { approve: async () => 'yes' };
    assert.equal((await live(team)).outcome, 'applied');
    assert.deepEqual([...team.knowledge], []);
    assert.doesNotMatch(promptOf(team, 'implementation/implementer/r0'), /You do this alone/);
  });

  it('is nothing where the person says no, or nobody is there; apply asks again', async () => {
    for (const said of ['no', 'nobody'] as const) {
      const world = proposing();
      world.person = { approve: async () => said };
      assert.equal((await live(world)).outcome, 'applied');
      assert.deepEqual([...world.knowledge], []);
      assert.equal(
        /nobody was there to agree: decisions\/tabs/.test(JSON.stringify(stateOf(world).notes)),
        said === 'nobody',
      );
      assert.match(stateOf(world).report ?? '', /decisions\/tabs: proposed, not kept/);
      world.person = { approve: async () => 'yes' };
      await live(world, { apply: true });
      assert.equal(world.knowledge.size, 1, said);
    }
  });

  it('leaves alone what was changed while the person thought', async () => {
    const world = proposing();
    world.person = {
      approve: async () => {
        world.knowledge.set('decisions/tabs', 'Mine.\n');
        return 'yes';
      },
    };
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.knowledge.get('decisions/tabs'), 'Mine.\n');
    assert.match(JSON.stringify(stateOf(world).notes), /was changed meanwhile/);
  });

  it('has safe names, no secrets, and nothing that the gate refuses', async () => {
    assert.deepEqual(
      ['../../etc/passwd', 'orch/now', 'global/x', 'CON', 'Ein Name.md', 'a/b/c', ''].map((n) => memoryNameOf(n)),
      ['x/x', 'notes/now', 'notes/x', 'notes/con-note', 'ein-name', 'a/b', 'x'],
    );
    const world = proposing([{ ...note, text: 'The key is hunter2-secret.' }]);
    await live(world);
    assert.equal(world.knowledge.get('decisions/tabs'), 'The key is [redacted].\n');
    const other = proposing();
    other.gate = {
      judge: async (changes) =>
        changes.map(({ path }) => ({
          path,
          content: '',
          ...(path.startsWith('.serena')
            ? { verdict: 'refused' as const, reason: 'So.' }
            : { verdict: 'pass' as const }),
        })),
    };
    assert.equal((await live(other)).outcome, 'applied');
    assert.deepEqual([...other.knowledge], []);
  });

  it('is asked and written once, whatever dies', async function () {
    const plain = proposing();
    await live(plain);
    const first = plain.journal.findIndex((r) => r.event.type === 'knowledge.proposed');
    assert.ok(first > 0);
    for (let n = first; n <= plain.journal.length; n++)
      for (const when of ['before', 'after'] as const) {
        const world = proposing();
        await assert.rejects(live(world, { crash: { n, when } }), CrashError);
        assert.equal((await live(world)).outcome, 'applied', `${when} ${n}`);
        assert.deepEqual([...world.knowledge], [['decisions/tabs', 'Tabs, since 2026.\n']], `${when} ${n}`);
        assert.equal(eventsOf(world, 'knowledge.kept').length, 1, `${when} ${n}`);
      }
  });

  it('stands at the beginning of the next run, as data: names, and the text of what has to do with it', async () => {
    const world = smallWorld();
    world.knowledge.set('style_and_conventions', 'Two blanks.');
    world.knowledge.set('decisions/task', `${'x'.repeat(5000)} end`);
    world.knowledge.set('unrelated', 'Zebras are striped.');
    await live(world);
    for (const key of [
      'triage/orchestrator',
      'analysis/architect',
      'synthesis/orchestrator',
      'implementation/second/r0',
    ]) {
      const prompt = promptOf(world, key);
      assert.match(prompt, /What the project remembers[^\n]*:\n<data-/, key);
      assert.match(prompt, /style_and_conventions:\n {2}Two blanks\./);
      assert.match(prompt, /decisions\/task:\n {2}x{1000,}\n {2}\[…\]/);
      assert.match(prompt, /All: decisions\/task, style_and_conventions, unrelated/);
      assert.doesNotMatch(prompt, /Zebras/);
      assert.ok(prompt.length < 20_000);
    }
  });
});
