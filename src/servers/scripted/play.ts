import { setTimeout as sleep } from 'node:timers/promises';
import type { AskInput, Usage } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { doEdit, readBelow } from './edits.ts';
import { useHanded } from './handed.ts';
import { playFault } from './faults.ts';
import type { Choice } from './match.ts';
import { outputOf } from './performance.ts';
import type { Ending } from '../../node/askServer.ts';
import type { Performance, Stage } from './performance.ts';
import type { Pace, Script, Step, UseStep } from './script.ts';
import { fillJson, fillText, findValues } from './template.ts';

export interface PlayOptions {
  /** All delays and waits are multiplied by this; 0 plays without any. */
  readonly tempo: number;
}

/** Plays the chosen part. Rejects only with the signal's reason; what is wrong with the script is a failure that says so. */
export async function play(
  script: Script,
  choice: Choice,
  input: AskInput,
  stage: Stage,
  options: PlayOptions,
): Promise<Ending> {
  const { part, nth } = choice;
  try {
    const values = findValues({ ...script.values, ...part.values }, input, nth);
    const performance: Performance = {
      input,
      stage,
      values,
      nth,
      pace: paced({ delay: 0, chunk: 24, ...script.pace, ...part.pace }, options.tempo),
      text: '',
      usage: undefined,
      edits: [],
      refused: [],
      model: part.model === undefined ? input.model : fillText(part.model, values),
      spoiled: false,
    };
    const early = await playSteps(part.steps, performance, options);
    if (early) return early;
    const output = outputOf(performance, part.session ?? input.session);
    if (part.usage === 'estimated') output.usage ??= estimate(input, output.text);
    return { type: 'answer', output };
  } catch (error) {
    stage.signal.throwIfAborted();
    return { type: 'failure', failure: { kind: 'error', message: `The script cannot be played: ${reasonOf(error)}` } };
  }
}

/** Four characters a token is the usual rule of thumb. */
function estimate(input: AskInput, text: string): Usage {
  return { inputTokens: Math.ceil(input.prompt.length / 4), outputTokens: Math.ceil(text.length / 4) };
}

function paced(pace: Required<Pace>, tempo: number): Required<Pace> {
  return { chunk: pace.chunk, delay: pace.delay * tempo };
}

/** An ending when the steps end the call early; else the call goes on. */
async function playSteps(
  steps: readonly Step[],
  performance: Performance,
  options: PlayOptions,
): Promise<Ending | undefined> {
  for (const step of steps) {
    performance.stage.signal.throwIfAborted();
    const ending = await playStep(step, performance, options);
    if (ending) return ending;
  }
  return undefined;
}

async function playStep(step: Step, performance: Performance, options: PlayOptions): Promise<Ending | undefined> {
  const { stage, values, input } = performance;
  if ('say' in step) {
    await say(fillText(step.say, values), performance, ownPace(step, performance, options));
  } else if ('think' in step) {
    await stream('thought', fillText(step.think, values), performance, ownPace(step, performance, options));
  } else if ('tool' in step) {
    await stage.progress({
      kind: 'tool',
      title: fillText(step.tool, values),
      ...(step.status === undefined ? {} : { status: step.status }),
    });
  } else if ('wait' in step) {
    await pause(step.wait * options.tempo, stage.signal);
  } else if ('usage' in step) {
    performance.usage = step.usage;
    await stage.progress({ kind: 'usage', usage: step.usage });
  } else if ('answer' in step) {
    const json = performance.spoiled ? { unasked: 'this is not what was asked for' } : fillJson(step.answer, values);
    const gap = performance.text === '' || performance.text.endsWith('\n') ? '' : '\n';
    await say(
      `${gap}\`\`\`json\n${JSON.stringify(json, null, 2)}\n\`\`\`\n`,
      performance,
      ownPace(step, performance, options),
    );
  } else if ('edit' in step) {
    const edit = { ...step, edit: fillText(step.edit, values) };
    for (const way of ['write', 'replace', 'with', 'append'] as const) {
      const text = edit[way];
      if (text !== undefined) edit[way] = fillText(text, values);
    }
    if (edit.typed) performance.edits.push({ path: edit.edit, content: edit.write ?? null });
    else await doEdit(edit, input.cwd);
  } else if ('fault' in step) {
    return step.times !== undefined && performance.nth > step.times ? undefined : playFault(step, performance);
  } else if ('when' in step) {
    const text = step.file === undefined ? input.prompt : await readBelow(fillText(step.file, values), input.cwd);
    const fits = new RegExp(step.when, 'su').test(text);
    return playSteps(fits ? step.do : step.else, performance, options);
  } else if ('use' in step) {
    await stage.progress({ kind: 'tool', title: `${step.server}: ${step.use}` });
    return playSteps((await used(step, performance)) ? step.do : step.else, performance, options);
  } else {
    const { title, detail } = step.permission;
    const asked = { ...step.permission, title: fillText(title, values), detail: fillText(detail, values) };
    if ((await stage.permit(asked)) !== 'no') return playSteps(step.onGranted, performance, options);
    performance.refused.push(asked.title);
    if (step.onRefused !== 'stop') return playSteps(step.onRefused, performance, options);
    return { type: 'answer', output: { ...outputOf(performance, input.session), stopReason: 'cancelled' } };
  }
  return undefined;
}

/** True when the tool said what the script waits for. */
async function used(step: UseStep, { input, values, stage }: Performance): Promise<boolean> {
  const servers = input.servers ?? [];
  if (!servers.some((server) => server.name === step.server)) return false;
  const wanted = { ...step, arguments: fillJson(step.arguments, values) };
  const text = await useHanded(servers, wanted, input.cwd, stage.signal);
  return step.until === undefined || new RegExp(step.until, 'su').test(text);
}

function ownPace(step: Pace, performance: Performance, options: PlayOptions): Required<Pace> {
  const { chunk, delay } = performance.pace;
  return { chunk: step.chunk ?? chunk, delay: step.delay === undefined ? delay : step.delay * options.tempo };
}

async function say(text: string, performance: Performance, pace: Required<Pace>): Promise<void> {
  performance.text += text;
  await stream('text', text, performance, pace);
}

async function stream(
  kind: 'text' | 'thought',
  text: string,
  { stage }: Performance,
  pace: Required<Pace>,
): Promise<void> {
  for (const piece of pieces(text, pace.chunk)) {
    stage.signal.throwIfAborted();
    await stage.progress({ kind, text: piece });
    await pause(pace.delay, stage.signal);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal });
  signal.throwIfAborted();
}

/** The text in pieces of about `size` characters, cut after white space where there is some; joined they are the text. */
export function pieces(text: string, size: number): string[] {
  const found: string[] = [];
  let piece = '';
  let length = 0;
  for (const word of text.match(/\S*\s*/gu) ?? []) {
    for (const character of word) {
      // A word longer than a piece is cut, but never inside a character.
      if (length >= size * 2) {
        found.push(piece);
        piece = '';
        length = 0;
      }
      piece += character;
      length++;
    }
    if (length >= size) {
      found.push(piece);
      piece = '';
      length = 0;
    }
  }
  if (piece !== '') found.push(piece);
  return found;
}
