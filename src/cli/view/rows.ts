import type { Phase } from '../../core/run/events.ts';
import type { CallState, RunState } from '../../core/run/state.ts';
import { cell, clip, glyph, paint, spread, widthOf, wrap, type Glyph, type Look } from './look.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { resultOf, tellingCall } from '../../core/words/result.ts';
import { modelName, moveWords } from './words.ts';
import { between, clock, count, elapsed, failureName, money, refusedWords } from '../../core/words/words.ts';

/** What is known beside the journal: the last text of calls under way, and the time. */
export interface Live {
  /** Text by call; its last few hundred characters suffice. */
  readonly tails: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A role's part in a phase: its calls in the order in which they started; none while it waits. */
interface Part {
  readonly role: string;
  readonly calls: readonly CallState[];
}

/** Who takes part in a phase, in the order of the cast, so that no row moves while others start or end. */
function partsOf(state: RunState, phase: Phase): Part[] {
  const calls = Object.values(state.calls).filter((call) => call.phase === phase);
  const expected = state.cast.filter((cast) => isExpected(state, phase, cast)).map((cast) => cast.role);
  const order = state.cast.map((cast) => cast.role);
  const place = (role: string) => (order.indexOf(role) + order.length + 1) % (order.length + 1);
  const roles = [...new Set([...expected, ...calls.map((call) => call.role)])].toSorted((a, b) => place(a) - place(b));
  return roles.map((role) => ({ role, calls: calls.filter((call) => call.role === role) }));
}

function isExpected(state: RunState, phase: Phase, cast: RunState['cast'][number]): boolean {
  if (phase === 'analysis') return cast.duties.includes('analyse') && state.size !== 'one';
  if (phase !== 'implementation') return false;
  const owners = state.plan?.items.flatMap((item) => item.owners) ?? [];
  if (owners.includes(cast.role)) return true;
  return cast.duties.includes('review') && owners.length > 0;
}

/** Widths of a run's columns. */
export interface Columns {
  readonly role: number;
  readonly model: number;
  /** The state, or what was found. */
  readonly word: number;
  /** Tokens and cost have columns of their own. */
  readonly wide: boolean;
  /** The tail stands on the row's own line. */
  readonly inline: boolean;
}

/** The columns of a run's rows: the same for every phase, so that blocks in the scroll-back line up. */
export function columnsOf(state: RunState, look: Look): Columns {
  const calls = Object.values(state.calls);
  const names = [...state.cast.map((c) => c.role), ...calls.map((c) => c.role), 'orchestrator'];
  const models = [
    ...state.cast.map((c) => modelName(look, c.models[0]?.model ?? '', c.models[0]?.effort)),
    ...calls.map((c) => modelName(look, c.model, c.effort)),
  ];
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map(widthOf));
  const narrow = look.width < 64;
  return {
    role: Math.min(longest(names), narrow ? 12 : 16) + 2,
    model: Math.min(Math.max(longest(models), 12), narrow ? 14 : look.width < 100 ? 22 : 28) + 2,
    word: narrow ? 10 : look.width < 100 ? 19 : 22,
    wide: !narrow,
    inline: look.width >= 120,
  };
}

/** The rows of a phase: one line a role, its moves, and the tail of who is working. `over`: for the scroll-back. */
export function roleRows(state: RunState, phase: Phase, live: Live, look: Look, over = false): string[] {
  const columns = columnsOf(state, look);
  return partsOf(state, phase).flatMap((part) => partRows(state, part, columns, live, look, over));
}

function partRows(state: RunState, part: Part, columns: Columns, live: Live, look: Look, over: boolean): string[] {
  const working = part.calls.filter((call) => call.state === 'working' || call.state === 'waiting');
  if (part.calls.length === 0) return [waitingRow(state, part.role, columns, look)];
  if (working.length > 0) return working.flatMap((call) => workingRows(call, columns, live, look));
  return foldedRows(state, part, columns, look, over);
}

function waitingRow(state: RunState, role: string, columns: Columns, look: Look): string {
  const choice = state.cast.find((cast) => cast.role === role)?.models[0];
  const model = choice ? modelName(look, choice.model, choice.effort) : '';
  const line = `  ${glyph(look, 'waiting')} ${column(look, oneLine(role), columns.role)}${column(look, model, columns.model)}waiting`;
  return paint(look, 'dim', clip(look, line));
}

function workingRows(call: CallState, columns: Columns, live: Live, look: Look): string[] {
  const row = numbersRow(look, columns, {
    sign: call.state === 'waiting' ? 'waiting' : 'working',
    role: call.role,
    model: modelName(look, call.model, call.effort),
    word: call.state === 'waiting' ? waitWord(call) : 'working',
    ms: between(call.startedAt, live.now),
    tokens: call.tokens,
    usd: call.usd,
    estimated: call.estimated,
  });
  // The last says where it is now; all of them stand in the scroll-back afterwards.
  const moves = call.moves.slice(-1).flatMap((move) => moveRow(look, moveWords(look, move)));
  if (columns.inline) {
    const room = look.width - widthOf(row) - 3;
    return [clip(look, `${row}   ${tail(look, call, live, room)}`), ...moves];
  }
  return [clip(look, row.trimEnd()), ...moves, `    ${tail(look, call, live, look.width - 4)}`.trimEnd()];
}

/** `waiting`, or until when. */
function waitWord({ waits }: CallState): string {
  return waits?.until === undefined ? 'waiting' : `waiting, ${clock(Date.parse(waits.until))}`;
}

/** What a role that is not working did in this phase, as one row and its moves. */
function foldedRows(state: RunState, part: Part, columns: Columns, look: Look, over: boolean): string[] {
  const last = tellingCall(part.calls);
  if (!last) return [];
  const result = resultOf(state, part.role, last);
  const costs = part.calls.filter((call) => call.usd !== undefined);
  const row = numbersRow(look, columns, {
    sign: result.sign,
    role: part.role,
    model: modelName(look, last.model, last.effort),
    word: result.word,
    ms: part.calls.reduce((sum, call) => sum + between(call.startedAt, call.endedAt), 0),
    tokens: part.calls.reduce((sum, call) => sum + call.tokens, 0),
    usd: costs.length === 0 ? undefined : costs.reduce((sum, call) => sum + (call.usd ?? 0), 0),
    estimated: part.calls.some((call) => call.estimated),
  });
  const lines = [clip(look, row)];
  const successors = new Set(
    part.calls
      .filter((call) => call.successorOf !== undefined)
      .map((call) => `${oneLine(call.id)} answered (declared successor)`),
  );
  // The team says before that a successor is asked; that it answered is said for good when the phase is over.
  if (over) for (const line of successors) lines.push(...moveRow(look, line));
  // A route that was left in several calls is said once.
  const moves = new Set(part.calls.flatMap((call) => call.moves.map((move) => moveWords(look, move))));
  for (const line of moves) lines.push(...moveRow(look, line));
  const refused = new Set(part.calls.flatMap((call) => call.refused ?? []));
  if (over && refused.size > 0) lines.push(...moveRow(look, refusedWords([...refused])));
  if (last.state === 'failed' && last.failure !== undefined)
    lines.push(...moveRow(look, `${failureName(last.failure)}. ${oneLine(last.failure.message)}`, 'red'));
  return lines;
}

const moveRow = (look: Look, text: string, style: 'dim' | 'red' = 'dim'): string[] =>
  wrap({ ...look, width: Math.min(look.width, 120) }, text, '    ')
    .slice(0, 3)
    .map((line) => paint(look, style, line));

/** A phase's line: name and time; in a wide terminal the time stands in the column of the rows' times. */
export function phaseLine(
  look: Look,
  columns: Columns,
  sign: string,
  phase: string,
  ms: number,
  summary = '',
): string[] {
  const name = `${sign} ${paint(look, 'bold', phase)}`;
  if (columns.inline) {
    const before = columns.role + columns.model + columns.word + 4;
    const line = name + ' '.repeat(Math.max(1, before - widthOf(name))) + cell(look, elapsed(ms), 6, 'right');
    return [clip(look, summary === '' ? line : `${line}  ${summary}`)];
  }
  const start = summary === '' ? name : name + ' '.repeat(Math.max(1, 18 - widthOf(name)));
  const whole = start + summary;
  if (widthOf(whole) + 2 + widthOf(elapsed(ms)) <= look.width) return spread(look, whole, elapsed(ms));
  return [...spread(look, name, elapsed(ms)), ...wrap(look, summary, '  ')];
}

interface Numbers {
  readonly sign: Glyph;
  readonly role: string;
  readonly model: string;
  readonly word: string;
  readonly ms: number;
  readonly tokens: number;
  readonly usd: number | undefined;
  readonly estimated: boolean;
}

/** A cell with a gap behind it, whatever stands in it. */
const column = (look: Look, text: string, width: number): string => cell(look, clip(look, text, width - 2), width);

function numbersRow(look: Look, columns: Columns, row: Numbers): string {
  const about = row.estimated && row.tokens > 0 ? '~' : '';
  const sign = glyph(look, row.sign);
  const painted =
    row.sign === 'failed' ? paint(look, 'red', sign) : row.sign === 'done' ? paint(look, 'green', sign) : sign;
  // Where there is little room the first half says enough: `3 found` of `3 found, 1 refuted`.
  const said = columns.wide ? row.word : (row.word.split(',', 1)[0] ?? '');
  const word = row.sign === 'failed' ? paint(look, 'red', said) : said;
  const start = `  ${painted} ${column(look, oneLine(row.role), columns.role)}${column(look, row.model, columns.model)}`;
  const line = start + cell(look, word, columns.word) + cell(look, elapsed(row.ms), 6, 'right');
  if (!columns.wide) return line;
  const tokens = row.tokens === 0 ? '' : about + count(row.tokens);
  const cost = row.usd === undefined || row.usd === 0 ? '' : money(row.usd);
  const usd = cost === '' || cost.startsWith('<') ? cost : about + cost;
  return `${line}${cell(look, tokens, 7, 'right')}${cell(look, usd, 8, 'right')}`;
}

/** What the call is for, and the line of text that is being written: it fills up and then starts anew, so that nothing slides under the eye. */
function tail(look: Look, call: CallState, live: Live, room: number): string {
  if (room < 8) return '';
  if (call.waits) return paint(look, 'dim', clip(look, oneLine(call.waits.why), room));
  const title = oneLine(call.title);
  const raw = live.tails.get(call.call) ?? '';
  // The typed answer at its end is for code; what it says is shown when it is held.
  const text = plain(raw.split('```json', 1)[0] ?? '').trimEnd();
  const paragraph = text
    .slice(text.lastIndexOf('\n') + 1)
    .replaceAll(/\s+/g, ' ')
    .trim();
  if (paragraph === '') return paint(look, 'dim', clip(look, title, room));
  // Every analyst looks for findings; but which change a writer writes is worth its place.
  const told = call.phase === 'implementation' || call.phase === 'integration' ? `${clip(look, title, 30)}: ` : '';
  const rest = room - widthOf(told);
  if (rest < 24) return wrap({ ...look, width: room }, paragraph).at(-1) ?? '';
  return paint(look, 'dim', told) + (wrap({ ...look, width: rest }, paragraph).at(-1) ?? '');
}
