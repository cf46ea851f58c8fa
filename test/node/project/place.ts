import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { Log, Person, StopQuestion } from '../../../src/core/ports.ts';
import type { JournalRecord, RunEvent } from '../../../src/core/run/events.ts';
import type { Budget } from '../../../src/core/team/file.ts';
import type { Host, RunResult } from '../../../src/node/host.ts';
import { openProject, type Project, type StartOptions } from '../../../src/node/project.ts';
import { type Counted, readCounts } from '../../../src/servers/scripted/count.ts';
import { assertNoneOutlives, leftovers } from '../../harness/files.ts';
import { goingPerson, quietLog } from '../../harness/host.ts';
import { scriptedMain } from '../models/stand.ts';

/**
 * A tiny project of its own for a whole run: a few files in a repository, a check that really runs where it is wanted, a team whose models
 * are played from a script by real servers. Everything else is what the product uses.
 */

const fixtures = resolve(import.meta.dirname, '../../fixtures/scripts');
const execute = promisify(execFile);

/** Small functions, and a test of them. */
export const words: Readonly<Record<string, string>> = {
  'package.json': '{\n  "name": "words",\n  "type": "module",\n  "scripts": { "test": "node test.js" }\n}\n',
  'README.md':
    '# words\n\nSmall functions for words.\n\n- `shout(text)`: in upper case\n- `count(text)`: how many words\n',
  'src/words.js': [
    'export const mark = "!";',
    '',
    '/** In upper case. */',
    'export function shout(text) {',
    '  return text.toUpperCase() + mark;',
    '}',
    '',
    '/** In lower case. */',
    'export function whisper(text) {',
    '  return text.toLowerCase();',
    '}',
    '',
  ].join('\n'),
  'src/count.js': '/** How many words. */\nexport function count(text) {\n  return text.split(" ").length;\n}\n',
  'test.js': [
    'import assert from "node:assert/strict";',
    'import { count } from "./src/count.js";',
    'import { shout } from "./src/words.js";',
    'assert.ok(shout("a").startsWith("A"), "shout shouts");',
    'assert.equal(count("a b"), 2);',
    'console.log("all good");',
    '',
  ].join('\n'),
};

/** The project's own test as a check; most places go without, for it takes its time. */
export const tested = { checks: [{ name: 'test', run: 'node test.js' }] };

/** Parts of a team file; entries of what the team below has already need not be whole. */
type Patch = { readonly [name: string]: unknown };

interface PlaceOptions {
  /** A file of `test/fixtures/scripts` without its ending; its parts come before those of `words.yaml`. */
  readonly script: string;
  readonly files?: Readonly<Record<string, string>>;
  /** Laid over the team below, part by part. */
  readonly team?: Patch;
  /** Scripted servers by name, default `one`; with `two` Beta has a server of its own. */
  readonly servers?: readonly string[];
  /** Default 0: no delays. */
  readonly tempo?: number;
  /** Default true: a repository with one commit. */
  readonly git?: boolean;
  /** The folder is a linked worktree of a repository beside it, `main`. */
  readonly linked?: boolean;
}

export interface Played extends RunResult {
  /** What this process saw, the journal's past included. */
  readonly records: readonly JournalRecord[];
  /** What the person was asked at stops. */
  readonly asked: readonly StopQuestion[];
}

export interface Playing {
  readonly person?: Partial<Person>;
  readonly signal?: AbortSignal;
  readonly start?: Partial<StartOptions>;
  readonly budget?: Partial<Budget>;
  onRecord?(record: JournalRecord, run: string): void;
  onText?(call: string, attempt: number, text: string): void;
}

export interface Place {
  /** Everything lies below it; gone afterwards. */
  readonly place: string;
  readonly root: string;
  readonly teamFile: string;
  readonly script: string;
  readonly env: NodeJS.ProcessEnv;
  run(task: string, how?: Playing): Promise<Played>;
  resume(run: string, how?: Playing): Promise<Played>;
  apply(run: string, how?: Playing): Promise<Played>;
  undo(run: string): Promise<{ run: string; files: string[] }>;
  project(): Promise<Project>;
  host(how?: Playing): { host: Host; records: JournalRecord[]; asked: StopQuestion[] };
  /** What was logged as a warning or an error. */
  readonly logged: readonly string[];
  /** Lines of all scripted servers. */
  counts(): Counted[];
  /** Keys of calls that started, in order. */
  calls(): string[];
  /** Another script from here on: for servers that start later, those of a resume. */
  play(script: string): Promise<void>;
  read(path: string): Promise<string | undefined>;
  write(path: string, text: string): Promise<void>;
  git(...args: string[]): Promise<string>;
}

const route = (server: string, id: string): { server: string; ids: string[] } => ({ server, ids: [id] });
const brief = 'Do your part.';

/** Two vendors; one orchestrator, two analysts, two writers, a reviewer, and a specialist who writes. */
function teamOf(servers: Record<string, unknown>): Record<string, unknown> {
  const price = { input: 1, output: 1 };
  const role = (title: string, duties: string[], model: string): Record<string, unknown> => ({
    title,
    duties,
    brief,
    models: [{ model }],
  });
  return {
    version: 1,
    servers,
    models: {
      alpha: { title: 'Alpha', vendor: 'A', price, routes: [route('one', 'alpha-1')] },
      beta: { title: 'Beta', vendor: 'B', price, routes: [route('two' in servers ? 'two' : 'one', 'beta-1')] },
    },
    roles: {
      lead: role('Lead', ['orchestrate'], 'alpha'),
      scout: role('Scout', ['analyse'], 'alpha'),
      doubter: role('Doubter', ['analyse'], 'beta'),
      writer: role('Writer', ['write'], 'alpha'),
      second: role('Second', ['write'], 'beta'),
      judge: role('Judge', ['review'], 'beta'),
      extra: role('Extra', ['write'], 'beta'),
    },
    teams: {
      words: { core: ['lead', 'scout', 'doubter', 'writer', 'second'], review: ['judge'], specialists: ['extra'] },
    },
    team: 'words',
    checks: [],
    stops: { team: 'team', plan: 'team', apply: 'always' },
    limits: { silenceSeconds: 20, rounds: 1, fixes: 1 },
  };
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function laid(below: unknown, above: unknown): unknown {
  if (!isMap(below) || !isMap(above)) return above;
  const names = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(names.map((n) => [n, n in above ? laid(below[n], above[n]) : below[n]]));
}

/** A scripted server of this place, as a team file has it. */
async function serverOf(place: string, script: string, name: string, tempo: number): Promise<Record<string, unknown>> {
  const files = ['--script', script, '--count', join(place, 'count.jsonl')];
  return {
    command: '${node}',
    args: [await scriptedMain(), ...files, '--tempo', String(tempo), '--name', name],
    scripted: true,
  };
}

async function scriptOf(name: string): Promise<string> {
  const own = parse(await readFile(join(fixtures, `${name}.yaml`), 'utf8')) as { parts: unknown[] };
  const shared = parse(await readFile(join(fixtures, 'words.yaml'), 'utf8')) as { parts: unknown[] };
  return stringify(name === 'words' ? shared : { ...shared, ...own, parts: [...own.parts, ...shared.parts] });
}

async function makePlace(options: PlaceOptions): Promise<Place & { end(): Promise<void> }> {
  const place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-place-')));
  const root = join(place, 'words');
  const script = join(place, 'script.yaml');
  const teamFile = join(place, 'team.yaml');
  const writeIn = async (folder: string, path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  const gitIn = async (cwd: string, args: readonly string[]): Promise<string> => {
    const who = ['-c', 'user.name=A Person', '-c', 'user.email=person@example.org'];
    return (await execute('git', [...who, ...args], { cwd })).stdout;
  };
  const first = options.linked ? join(place, 'main') : root;
  for (const [path, text] of Object.entries(options.files ?? words)) await writeIn(first, path, text);
  if (options.git !== false) {
    await gitIn(first, ['init', '--quiet', '--initial-branch=main']);
    await gitIn(first, ['add', '--all']);
    await gitIn(first, ['commit', '--quiet', '--message', 'words']);
    if (options.linked) await gitIn(first, ['worktree', 'add', '--quiet', '-b', 'linked', root]);
  }
  const play = async (name: string): Promise<void> => writeFile(script, await scriptOf(name));
  await play(options.script);
  const servers: Record<string, unknown> = {};
  for (const name of options.servers ?? ['one'])
    servers[name] = await serverOf(place, script, name, options.tempo ?? 0);
  await writeFile(teamFile, stringify(laid(teamOf(servers), options.team ?? {})));

  const logged: string[] = [];
  const log: Log = { ...quietLog, warn: (line) => void logged.push(line), error: (line) => void logged.push(line) };
  const project = (): Promise<Project> =>
    openProject(root, { log, signal: new AbortController().signal, from: 'test' });
  const hostOf: Place['host'] = (how = {}) => {
    const records: JournalRecord[] = [];
    const asked: StopQuestion[] = [];
    const { person = {}, signal = new AbortController().signal, onRecord, onText } = how;
    const whole: Person = { ...goingPerson, ...person };
    const host: Host = {
      signal,
      person: {
        ...whole,
        decide(question, s) {
          asked.push(question);
          return whole.decide(question, s);
        },
      },
      onRecord(record, run) {
        records.push(record);
        onRecord?.(record, run);
      },
      ...(onText && { onText }),
    };
    return { host, records, asked };
  };
  const played = async (
    how: Playing | undefined,
    work: (project: Project, host: Host) => Promise<RunResult>,
  ): Promise<Played> => {
    const { host, records, asked } = hostOf(how);
    return { ...(await work(await project(), host)), records, asked };
  };
  const counts = (): Counted[] => readCounts(join(place, 'count.jsonl'));
  return {
    place,
    root,
    teamFile,
    script,
    env: { ...process.env },
    run: (task, how) => played(how, (p, host) => p.start({ task, teamFile, ...how?.start }, host)),
    resume: (run, how) => played(how, (p, host) => p.resume(run, host, how?.budget)),
    apply: (run, how) => played(how, (p, host) => p.apply(run, host)),
    undo: async (run) => (await project()).undo(run, hostOf().host),
    project,
    host: hostOf,
    logged,
    counts,
    calls: () => counts().flatMap((c) => (c.event === 'started' ? [c.key] : [])),
    play,
    read: (path) => readFile(join(root, path), 'utf8').catch(() => undefined),
    write: (path, text) => writeIn(root, path, text),
    git: (...args) => gitIn(root, args),
    async end() {
      try {
        await nothingLeft(place, root);
      } finally {
        await rm(place, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
}

/** Every file below, with its text. */
export async function textsBelow(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name));
  const texts = await Promise.all(files.map(async (f) => [f.slice(folder.length + 1), await readFile(f, 'utf8')]));
  return Object.fromEntries(texts) as Record<string, string>;
}

/** Nothing outlives its run: no process, lock, lease or temporary. */
async function nothingLeft(place: string, root: string): Promise<void> {
  assert.deepEqual(await leftovers(root), []);
  if (process.platform !== 'linux') return;
  await assertNoneOutlives(place);
}

export type MakePlace = (options: PlaceOptions) => Promise<Place>;

/**
 * Registers tests of whole runs in this `describe`, each with places of its own that are looked through and removed after it. While
 * one runs the next is under way already: most of their time they wait for processes. A cache and a profile are shared, as a person's are.
 */
export function scenarios(): (title: string, work: (at: MakePlace) => Promise<void>) => void {
  const works: (() => Promise<void>)[] = [];
  const begun: Promise<void>[] = [];
  const names = ['ORCHESTRA_CACHE', 'ORCHESTRA_PROFILE'] as const;
  const previous = names.map((name) => [name, process.env[name]] as const);
  let shared = '';
  before(async () => {
    shared = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-shared-')));
    for (const name of names) process.env[name] = join(shared, name.toLowerCase());
  });
  after(async () => {
    await Promise.allSettled(begun);
    for (const [name, value] of previous) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(shared, { recursive: true, force: true, maxRetries: 5 });
  });
  const begin = (n: number): Promise<void> | undefined => {
    const work = works[n];
    return work && (begun[n] ??= work());
  };
  return (title, work) => {
    const n = works.push(() => withPlaces(work)) - 1;
    it(title, async () => {
      const mine = begin(n);
      // Its outcome is told by its own test.
      begin(n + 1)?.catch(() => undefined);
      await mine;
    });
  };
}

async function withPlaces(work: (at: MakePlace) => Promise<void>): Promise<void> {
  const made: { end(): Promise<void> }[] = [];
  const at: MakePlace = async (options) => {
    const place = await makePlace(options);
    made.push(place);
    return place;
  };
  const [worked] = await Promise.allSettled([work(at)]);
  const ended = await Promise.allSettled(made.map((one) => one.end()));
  // What went wrong first is told, not what it left behind.
  for (const one of [worked, ...ended]) if (one.status === 'rejected') throw one.reason;
}

/** The events of one type, in order. */
export function eventsOf<T extends RunEvent['type']>(
  of: { records: readonly JournalRecord[] },
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return of.records.flatMap(({ event }) => (event.type === type ? [event as Extract<RunEvent, { type: T }>] : []));
}

/** What went on, for messages of assertions that fail. */
export function story(of: Played): string {
  const said = of.records.flatMap(({ event: e }) =>
    e.type === 'note'
      ? [e.text]
      : e.type === 'call.failed' || (e.type === 'call.ended' && !e.ok)
        ? [`${e.call}: ${e.failure?.message}`]
        : e.type === 'call.sent-back'
          ? [`${e.call} sent back: ${e.problem}`]
          : e.type === 'checks.ended'
            ? e.results.map(
                (r) =>
                  `${e.on}: ${r.name} ${r.result} ${r.reason ?? ''}${r.result === 'red' ? r.tail.slice(-400) : ''}`,
              )
            : [],
  );
  return [`${of.outcome}: ${of.reason} ${of.hint}`, ...said].join('\n');
}

/** Parts of a team file in which the doubter is a model behind a key, at this address. */
export const doubterBehindKey = (url: string): object => ({
  servers: { keys: { command: '${node}', args: ['${servers}/keys.mjs', '--address', `local=${url}/v1`] } },
  models: {
    gamma: { title: 'Gamma', vendor: 'C', routes: [{ server: 'keys', agent: 'local', ids: ['qwen3-coder'] }] },
  },
  roles: { doubter: { models: [{ model: 'gamma' }] } },
});
