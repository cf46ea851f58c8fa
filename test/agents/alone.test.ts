import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agents, installAgents } from './install.ts';
import { makeAgentsPlace } from './place.ts';
import { runSample } from './runSample.ts';
import { playAct, teamCallOf } from './teamScript.ts';
import type { Act, TeamCall } from './teamScript.ts';
import { refuses } from '../standin/reply.ts';
import type { Script } from '../standin/reply.ts';

describe('a whole run with one real agent', () => {
  before(async function () {
    this.timeout(15 * 60_000);
    await installAgents();
  });

  for (const only of agents)
    it(`${only} alone: an applied change, and who stood in for whom`, async function () {
      this.timeout(10 * 60_000);
      const place = await makeAgentsPlace([only], alonePlay());
      try {
        const root = join(place.folder, 'links');
        const told = await runSample(place, root, 'Say in the README which Node is needed');
        assert.equal(told.code, 0, told.text);
        assert.match(await readFile(join(root, 'README.md'), 'utf8'), /It needs Node 22/, told.text);
        assert.deepEqual([...new Set(place.standin.requests.map((r) => teamCallOf(r)?.agent))], [only]);
        const seen = JSON.stringify(told.events);
        assert.match(seen, /standsFor/, 'who stood in is told');
        // It was refused, or could not, or was seen to have been done; and nothing of it is left.
        assert.ok(!existsSync(join(root, 'sneaked.txt')));
        const touched = place.standin.requests.filter((r) => r.conversation.includes('touch sneaked.txt'));
        const changed = told.events.filter((e) => e['type'] === 'checkout.changed');
        const words = touched.map((r) => r.results.map(({ text }) => text).join()).join();
        const refused = /refused|reject|denied|not allowed|read-only|cancel|declin|not permitted/i;
        assert.ok(changed.length > 0 || refused.test(`${words}${touched.map((r) => r.prompt).join()}`), words);
      } finally {
        await place.end();
      }
    });
});

/** A small task for the core team, with one writer. */
function alonePlay(): Script {
  const line = 'It needs Node 22.\n';
  const acts: Record<string, (call: TeamCall) => Act> = {
    triage: () => ({ answer: { title: 'Say which Node', size: 'core', specialists: [], why: 'It is for the team.' } }),
    findings: ({ role }) => ({
      think: 'I look at the README.',
      // Nobody who only reads may; some agents do not even ask.
      ...(role === 'architect' && { shell: 'touch sneaked.txt' }),
      answer: {
        summary: 'The README says nothing of Node.',
        findings: [
          {
            claim: `The README is where it belongs, says ${role}`,
            severity: 'low',
            evidence: [{ kind: 'file', path: 'README.md' }],
          },
        ],
      },
    }),
    plan: ({ said }) => ({
      answer: {
        goal: 'The README says which Node is needed.',
        items: [
          {
            id: 'readme',
            title: 'Say it in the README',
            what: 'One sentence.',
            findings: ['architect.1', 'big-picture.1'].filter((id) => said.includes(id)),
            owners: ['implementer'],
            paths: ['README.md'],
          },
        ],
      },
    }),
    written: () => ({
      say: 'I write it. ',
      edits: [{ path: 'README.md', from: firstLine, to: `${firstLine}\n${line}` }],
      answer: { summary: 'The README says which Node is needed.' },
    }),
    integration: () => ({ answer: { summary: 'The README says which Node is needed.', docs: [] } }),
  };
  return (asked) => {
    const call = teamCallOf(asked);
    const act = call && acts[call.kind];
    if (!call || !act) return refuses(400, `Nothing for ${call?.kind ?? asked.prompt.slice(0, 200)}`);
    return playAct(asked, call, act(call));
  };
}

const firstLine = '# Short links\n';
