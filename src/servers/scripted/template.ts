import type { AskInput } from '../../core/ask.ts';
import type { Step, Value } from './script.ts';

/** What a placeholder can stand for: a text, and named groups below it. */
interface Found {
  readonly text: string;
  readonly groups: Readonly<Record<string, string>>;
}

/** All matches by name; the names of the call itself (`role`, `model`, …) have one each. */
export type Values = ReadonlyMap<string, readonly Found[]>;

const callNames = ['role', 'phase', 'kind', 'key', 'run', 'attempt', 'model', 'cwd', 'nth'] as const;

/** Takes the values out of the prompt. */
export function findValues(defined: Readonly<Record<string, Value>>, input: AskInput, nth: number): Values {
  const { call, model, cwd } = input;
  const own: Record<(typeof callNames)[number], string> = {
    ...call,
    attempt: String(call.attempt),
    model,
    cwd,
    nth: String(nth),
  };
  const values = new Map<string, Found[]>(callNames.map((name) => [name, [{ text: own[name], groups: {} }]]));
  for (const [name, value] of Object.entries(defined)) {
    const found: Found[] = [];
    const seen = new Set<string>();
    for (const match of input.prompt.matchAll(new RegExp(value.find, 'gmsu'))) {
      if (seen.has(match[0]) && !value.repeats) continue;
      seen.add(match[0]);
      const groups = Object.fromEntries(Object.entries(match.groups ?? {}).map(([group, text]) => [group, text ?? '']));
      found.push({ text: match[1] ?? match[0], groups });
    }
    if (found.length === 0 && value.default !== undefined) found.push({ text: value.default, groups: {} });
    values.set(name, found);
  }
  return values;
}

/** Not what JSX or Handlebars write: only a bare name, perhaps with a group and `|number`. */
const placeholder = /\{\{\s*([a-zA-Z][\w-]*)(?:\.(\w+))?\s*(\|\s*number\s*)?\}\}/g;

function lookUp(values: Values, name: string, group: string | undefined): string | undefined {
  const found = values.get(name);
  if (found === undefined) return undefined;
  const first = found[0];
  const text = group === undefined ? first?.text : first?.groups[group];
  if (text === undefined)
    throw new Error(`the prompt holds nothing for {{${group === undefined ? name : `${name}.${group}`}}}`);
  return text;
}

/** Fills the placeholders of a text. A name that nobody defined stays as it is, since the text may be code. Throws where the prompt held no match. */
export function fillText(text: string, values: Values): string {
  return text.replaceAll(
    placeholder,
    (whole, name: string, group: string | undefined) => lookUp(values, name, group) ?? whole,
  );
}

/** Fills a JSON value: its texts, `|number`, and `{each, value}`, whose items take its place in a list. */
export function fillJson(json: unknown, values: Values): unknown {
  if (typeof json === 'string') {
    const [only] = json.matchAll(placeholder);
    if (only?.[0] === json && only[3] !== undefined) return Number(lookUp(values, only[1] as string, only[2]));
    return fillText(json, values);
  }
  if (Array.isArray(json)) {
    return json.flatMap((item) => {
      const filled = fillJson(item, values);
      return isEach(item) ? (filled as unknown[]) : [filled];
    });
  }
  if (isEach(json)) {
    return (values.get(json.each) ?? []).map((item) => fillJson(json.value, new Map(values).set('item', [item])));
  }
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, fillJson(value, values)]));
}

function isEach(json: unknown): json is { each: string; value: unknown } {
  return (
    typeof json === 'object' &&
    json !== null &&
    'each' in json &&
    'value' in json &&
    typeof json.each === 'string' &&
    Object.keys(json).length === 2
  );
}

/** Every name in the answers of these steps that is not defined, with its path inside the steps. */
export function namesIn(
  steps: readonly Step[],
  defined: ReadonlySet<string>,
): { at: PropertyKey[]; message: string }[] {
  const known = new Set<string>([...defined, ...callNames]);
  const unknown: { at: PropertyKey[]; message: string }[] = [];
  const visit = (json: unknown, at: PropertyKey[], inEach: boolean, inAnswer: boolean): void => {
    const miss = (name: string): void => {
      if (!known.has(name) && !(inEach && name === 'item'))
        unknown.push({ at, message: `no value is called \`${name}\`` });
    };
    if (typeof json === 'string') {
      if (inAnswer) for (const match of json.matchAll(placeholder)) miss(match[1] as string);
      return;
    }
    if (typeof json !== 'object' || json === null) return;
    const each = inAnswer && isEach(json);
    if (each) miss(json.each);
    for (const [key, value] of Object.entries(json)) {
      visit(value, [...at, Array.isArray(json) ? Number(key) : key], inEach || each, inAnswer || key === 'answer');
    }
  };
  visit(steps, [], false, false);
  return unknown;
}
