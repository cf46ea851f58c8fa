import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { mediaFolder } from '../../src/node/servers.ts';
import type { AskInput } from '../../src/core/ask.ts';
import { loadScript } from '../../src/servers/scripted/load.ts';
import { choose, factsOf } from '../../src/servers/scripted/match.ts';
import type { Step } from '../../src/servers/scripted/script.ts';
import { fillJson, fillText, findValues } from '../../src/servers/scripted/template.ts';
import { playAct, teamCallOf } from './teamScript.ts';
import type { Act, TeamCall } from './teamScript.ts';
import { refuses, says } from '../standin/reply.ts';
import type { Script } from '../standin/reply.ts';

/** The script of the sample, played by models behind real agents: what the scripted server says and edits itself, they say and have their agent edit. */
export async function samplePlay(): Promise<Script> {
  const script = await loadScript(join(mediaFolder(), 'sample', 'script.yaml'));
  // The critic looks at the bus when the architect has posted: as in the script, but without looking again and again.
  const posted = Promise.withResolvers<void>();
  return async (asked) => {
    const call = teamCallOf(asked);
    // An agent's own question, whether the model is there.
    if (!call) return says('I am here.');
    const input: AskInput = {
      call: { run: 'r', key: keyOf(call), role: call.role, phase: '', kind: call.kind, attempt: 1 },
      prompt: call.said,
      model: asked.model,
      cwd: call.root,
      access: 'write',
    };
    if (call.kind === 'findings' && call.role === 'architect' && asked.turn > 0) posted.resolve();
    if (call.kind === 'findings' && call.role === 'critic' && asked.turn === 0)
      await Promise.race([posted.promise, delay(60_000, undefined, { ref: false })]);
    const found = choose(script, factsOf(input, 'standin'), []);
    if (!found) return refuses(400, `The script has nothing for ${input.call.key} (${call.kind}, ${call.role}).`);
    const values = findValues({ ...script.values, ...found.part.values }, input, found.nth);
    return playAct(
      asked,
      call,
      actOf(
        found.part.steps,
        (text) => fillText(text, values),
        (json) => fillJson(json, values),
        asked.conversation,
      ),
    );
  };
}

/** Both writers of the sample's `limit` are candidates, and have a change of their own. */
function keyOf({ kind, role, now }: TeamCall): string {
  const change = role === 'implementer' || role === 'refactoring' ? `limit.${role}` : role;
  switch (kind) {
    case 'written':
      return `implementation/${change}/r${now.startsWith('mend ') ? 1 : 0}`;
    case 'verdict': {
      const [, judged = '', round = ''] = /judge the change "([^"]+)", round (\d+)/.exec(now) ?? [];
      return `implementation/${judged}/r${round}/${role}`;
    }
    case 'integration':
      return now.includes('documentation') ? 'integration/docs' : 'integration/fix';
    default:
      return kind;
  }
}

function actOf(
  steps: readonly Step[],
  fill: (text: string) => string,
  fillAnswer: (json: unknown) => unknown,
  heard: string,
): Act {
  let act: Act & { edits: NonNullable<Act['edits']> } = { edits: [], answer: undefined };
  for (const step of steps) {
    if ('say' in step) act = { ...act, say: `${act.say ?? ''}${fill(step.say)}` };
    else if ('think' in step) act = { ...act, think: fill(step.think) };
    else if ('permission' in step) act = { ...act, shell: step.permission.detail };
    else if ('usage' in step)
      act = { ...act, usage: { input: step.usage.inputTokens ?? 0, output: step.usage.outputTokens ?? 0 } };
    else if ('use' in step) {
      const input = fillAnswer(step.arguments) as Record<string, unknown>;
      act = { ...act, uses: [...(act.uses ?? []), { server: step.server, tool: step.use, input }] };
      // What it gave is in the conversation as soon as it was called; before that, what comes after it does not matter.
      const fits = step.until === undefined || new RegExp(step.until, 'su').test(heard);
      const more = actOf(fits ? step.do : step.else, fill, fillAnswer, heard);
      act = {
        ...act,
        ...more,
        edits: [...act.edits, ...(more.edits ?? [])],
        answer: more.answer ?? act.answer,
        say: `${act.say ?? ''}${more.say ?? ''}`,
        uses: [...(act.uses ?? []), ...(more.uses ?? [])],
      };
    } else if ('answer' in step) act = { ...act, answer: fillAnswer(step.answer) };
    else if ('edit' in step) {
      const from = step.replace === undefined ? before(step.edit) : fill(step.replace);
      const to = fill(step.write ?? step.with ?? '');
      act = { ...act, edits: [...act.edits, { path: step.edit, to, ...(from !== undefined && { from }) }] };
    }
  }
  return act;
}

/** A file of the sample that is written anew. */
function before(path: string): string | undefined {
  const file = join(mediaFolder(), 'sample', 'project', path);
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}
