import { memoryNameOf } from '../bus/names.ts';
import { normalBody, oneLine } from '../bus/text.ts';
import type { FileChange, FileSide, GateVerdict } from '../change/change.ts';
import { type Answer, answerSchemas } from '../run/answers.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { approval, isApproved, nobody } from './common.ts';
import { diffOf } from './stat.ts';

/**
 * What the project remembers beyond a run: Serena's ordinary memories. At the end of a run the orchestrator, or who did the task alone,
 * proposes new ones in its last answer; they pass the gate like files and are written only when the person agrees to each, for a
 * poisoned memory would steer every later run. Nobody there to ask, `--yes` too, means no: `orchestra apply` asks again.
 */

/** Asks the person about each memory that the orchestrator proposes and that is not kept yet; `n` counts the reviews. */
export async function remember(run: Run, n: number): Promise<void> {
  if (proposalsOf(run).length === 0) return;
  const made = await run.step('knowledge', 'knowledge.proposed', null, async () => ({ memories: proposalsOf(run) }));
  const left: string[] = [];
  for (const memory of made.memories) {
    if (run.state().knowledge.some((k) => k.name === memory.name && k.kept)) continue;
    const asked = await askAbout(run, `knowledge/${n}/${memory.name}`, memory);
    if (asked === 'nobody') left.push(memory.name);
  }
  if (left.length > 0)
    await run.note(
      'info',
      `To remember was proposed, and nobody was there to agree: ${left.join(', ')}. \`orchestra apply ${run.input.run}\` asks again.`,
    );
}

type Proposal = EventOf<'knowledge.proposed'>['memories'][number];

/** In a team the orchestrator's, with the documentation; where one model did the task alone, what that one said last. */
function proposalsOf(run: Run): Proposal[] {
  const { calls, size } = run.state();
  const alone = size === 'one' ? Object.values(calls).findLast((c) => c.kind === 'written' && c.answer) : undefined;
  const written = answerSchemas.written.safeParse(alone?.answer);
  const documented = answerSchemas.integration.safeParse(calls['integration/docs']?.answer);
  const proposed: Answer<'integration'>['remember'] = [
    ...((alone && written.success && written.data.remember) || []),
    ...(documented.success ? documented.data.remember : []),
  ];
  const memories = proposed.map(({ name, text, why }) => ({ name: memoryNameOf(name), text: normalBody(text), why }));
  // The last word on a name is meant.
  return memories.filter((m, at) => m.text !== '' && memories.findLastIndex((o) => o.name === m.name) === at);
}

function proposer(run: Run): string {
  const { size, cast } = run.state();
  const writer = size === 'one' ? cast.find((c) => c.duties.includes('write')) : undefined;
  return writer?.title ?? 'The orchestrator';
}

async function askAbout(run: Run, key: string, memory: Proposal): Promise<'kept' | 'no' | 'nobody'> {
  const { ports, signal } = run;
  const { name, text, why } = memory;
  const before = await ports.knowledge.read(name);
  const keep = async (by: string): Promise<'kept'> => {
    await run.step(`knowledge/${name}#kept`, 'knowledge.kept', null, async () => ({ name, by }));
    return 'kept';
  };
  const side = (content: string): FileSide => ({ mode: '100644', sha: ports.hash(content), text: content });
  const path = `.serena/memories/${name}.md`;
  const change: FileChange = { path, ...(before !== undefined && { before: side(before) }), after: side(text) };
  const [verdict] = await ports.gate.judge([change], signal);
  if (!verdict || verdict.verdict === 'refused') {
    await run.note('warning', `${path} is not kept: the gate refuses it. ${verdict?.reason ?? ''}`.trim());
    return 'no';
  }
  const held: GateVerdict = {
    ...verdict,
    verdict: 'held',
    reason: `Every later run here would begin with it. ${proposer(run)} proposes it: ${oneLine(why, 300)}`,
  };
  // Written by a process that died before it could say so, or there already in these very words.
  if (before === text) return keep(isApproved(run, held) ? ports.person.name : 'it was there already');
  if (!isApproved(run, held)) {
    const answered = await run.step(key, 'stop.answered', { content: held.content }, (emit) =>
      approval(run, emit, held, diffOf(change)),
    );
    if (answered.answer !== 'go') return answered.by === nobody ? 'nobody' : 'no';
  }
  // Somebody may have written it while the person thought.
  if (!(await ports.knowledge.write(name, text, before))) {
    await run.note('warning', `${path} was changed meanwhile, and is left as it is.`);
    return 'no';
  }
  return keep(ports.person.name);
}
