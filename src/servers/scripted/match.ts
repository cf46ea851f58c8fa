import type { AskInput } from '../../core/ask.ts';
import type { Match, Part, Script } from './script.ts';

/** What a match can look at, of a call that is here now or was counted earlier. */
export interface CallFacts {
  readonly run: string;
  readonly key: string;
  readonly role: string;
  readonly phase: string;
  readonly kind: string;
  readonly attempt: number;
  readonly model: string;
  readonly server: string;
  /** Absent for counted calls; `match.prompt` then fits where it fitted when the call was counted. */
  readonly prompt?: string;
  /** Numbers of the parts whose `match.prompt` the counted call's prompt fitted. */
  readonly prompts?: readonly number[];
}

/** The facts of a call. */
export function factsOf(input: AskInput, server: string): CallFacts {
  const { run, key, role, phase, kind, attempt } = input.call;
  return { run, key, role, phase, kind, attempt, model: input.model, server, prompt: input.prompt };
}

/** `*` stays between two slashes, `**` does not, `?` is one character; everything else is itself. The whole text must fit. */
export function globFits(glob: string, text: string): boolean {
  const source = glob.replaceAll(/\*\*|\*|\?|[.+^${}()|[\]\\]/g, (found) => {
    if (found === '**') return '.*';
    if (found === '*') return '[^/]*';
    return found === '?' ? '[^/]' : `\\${found}`;
  });
  return new RegExp(`^${source}$`, 'su').test(text);
}

/** Numbers of the parts whose `match.prompt` fits this prompt: noted when a call is counted, which keeps no prompts. */
export function promptParts(script: Script, prompt: string): number[] {
  return script.parts.flatMap((part, number) => {
    const source = part.match.prompt;
    return source !== undefined && new RegExp(source, 'su').test(prompt) ? [number] : [];
  });
}

/** Does the match, its `nth` left aside, fit the call? */
function fits(match: Match, number: number, call: CallFacts): boolean {
  const glob = (globs: string | string[] | undefined, text: string): boolean =>
    globs === undefined || (typeof globs === 'string' ? [globs] : globs).some((each) => globFits(each, text));
  const prompt =
    match.prompt === undefined ||
    (call.prompt === undefined
      ? (call.prompts ?? []).includes(number)
      : new RegExp(match.prompt, 'su').test(call.prompt));
  return (
    glob(match.role, call.role) &&
    glob(match.phase, call.phase) &&
    glob(match.kind, call.kind) &&
    glob(match.key, call.key) &&
    glob(match.model, call.model) &&
    glob(match.server, call.server) &&
    (match.attempt === undefined || match.attempt === call.attempt) &&
    prompt
  );
}

export interface Choice {
  readonly part: Omit<Part, 'match' | 'times'>;
  /** How many calls of the run have fitted this part's match, this one included. */
  readonly nth: number;
}

/** The first part that fits, given the calls of the run that started earlier; undefined when there is none and no default. */
export function choose(script: Script, call: CallFacts, earlier: readonly CallFacts[]): Choice | undefined {
  const before = earlier.filter((each) => each.run === call.run);
  for (const [number, part] of script.parts.entries()) {
    if (!fits(part.match, number, call)) continue;
    const nth = 1 + before.filter((each) => fits(part.match, number, each)).length;
    if (part.match.nth !== undefined && part.match.nth !== nth) continue;
    if (part.times !== undefined && nth > part.times) continue;
    return { part, nth };
  }
  return script.default && { part: script.default, nth: before.length + 1 };
}
