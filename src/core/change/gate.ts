import type { FileChange, FileSide, GateVerdict } from './change.ts';
import { newHidden, newSchema } from './contents.ts';
import type { Texts } from './contents.ts';
import { anyOf, matches } from './globs.ts';
import { sideName } from './hunks.ts';
import { checkPath, foldName, foldPath } from './paths.ts';
import { sinks } from './sinks.ts';
import type { Sink } from './sinks.ts';

/**
 * The gate's rules, as far as they need no machine: what of a change may reach the person's files. Real paths, links
 * that are there already and the state of the person's folder are the machine's part (`Gate` in the ports).
 */

export interface GateOptions {
  /** How many files the base has. */
  readonly files: number;
  /** All paths of the base, where they are known: new paths are compared with them too. */
  readonly paths?: readonly string[];
}

const maxFiles = 20_000;
const maxBinary = 5_000_000;
const maxDeletions = 20;

const globsOf = (rows: readonly Sink[]) => ({
  folders: anyOf(rows.flatMap((sink) => sink.folders ?? [])),
  names: anyOf(rows.flatMap((sink) => sink.names ?? [])),
  paths: anyOf(rows.flatMap((sink) => sink.paths ?? []).map((path) => `**/${path}`)),
});

/** The table as globs, made when a path is first looked up: most programs that start never do. */
const globs = (): { any: ReturnType<typeof globsOf>; each: { sink: Sink; globs: ReturnType<typeof globsOf> }[] } =>
  (made ??= { any: globsOf(sinks), each: sinks.map((sink) => ({ sink, globs: globsOf([sink]) })) });
let made: ReturnType<typeof globs> | undefined;

function sinkOf(path: string): Sink | undefined {
  const folded = foldPath(path);
  const segments = folded.split('/');
  const name = segments.at(-1)!;
  const { any, each } = globs();
  const fits = ({ folders, names, paths }: typeof any) =>
    matches(names, name) || segments.some((segment) => matches(folders, segment)) || matches(paths, folded);
  // Most files are in no row at all.
  if (!fits(any)) return undefined;
  const allowedHere = (sink: Sink) => !sink.notIn?.some((folder) => segments.slice(0, -1).includes(folder));
  return each.find(({ sink, globs }) => allowedHere(sink) && fits(globs))?.sink;
}

const textsOf = (before: FileSide | undefined, after: FileSide | undefined): Texts => {
  return { before: before?.text, after: after?.text };
};

/** Why a row of the table applies to a change, undefined when its content is harmless. A side without a text is unreadable. */
function telling(sink: Sink, before: FileSide | undefined, after: FileSide | undefined): string | undefined {
  if (!sink.judge) return sink.why;
  const unreadable = [before, after].some((side) => side && (side.text === undefined || side.mode === '120000'));
  const what = unreadable ? 'it cannot be read' : sink.judge(textsOf(before, after));
  return what === undefined ? undefined : `${sink.why}, and ${what}`;
}

/**
 * True when a build, a test or a lint would execute this file as its configuration: such a change is held before a
 * check runs. Without the sides the name alone decides; with them, what is changed in files that also describe.
 */
export function executes(path: string, before?: FileSide, after?: FileSide): boolean {
  const sink = sinkOf(path);
  if (!sink?.runs) return false;
  return (!before && !after) || telling(sink, before, after) !== undefined;
}

interface Reason {
  readonly code: string;
  readonly reason: string;
}

/**
 * Judges every file of a change, in their order. `refused` never passes: a path that means something else on some
 * system, git's own, the product's own, submodules, links that lead out. `held` waits for the person, who approves
 * that very content: whatever another program will execute or trust, and what hides or destroys. The rest passes.
 */
export function judgeChange(changes: readonly FileChange[], options: GateOptions): GateVerdict[] {
  const links = new Set(changes.filter(({ after }) => after?.mode === '120000').map(({ path }) => foldPath(path)));
  const clashes = clashesOf(changes, options.paths ?? []);
  const gone = changes.filter(isGone).length;
  const purge: Reason | undefined =
    gone > maxDeletions && gone > options.files / 2
      ? { code: 'large-deletion', reason: `the change removes or empties ${gone} of ${options.files} files` }
      : undefined;
  return changes.map((file): GateVerdict => {
    const content = file.after ? sideName(file.after) : 'deleted';
    const refusal = refusalOf(file, changes.length, links) ?? clashes.get(file.path);
    if (refusal) return { path: file.path, verdict: 'refused', ...refusal, content };
    const holds = holdsOf(file, isGone(file) ? purge : undefined);
    const [first] = holds;
    if (!first) return { path: file.path, verdict: 'pass', content };
    const said = [...new Set(holds.map(({ reason }) => reason))].join('; ');
    return {
      path: file.path,
      verdict: 'held',
      code: first.code,
      reason: `${said[0]!.toUpperCase()}${said.slice(1)}.`,
      content,
    };
  });
}

function isGone({ before, after }: FileChange): boolean {
  return before !== undefined && (after === undefined || (after.text === '' && before.text !== ''));
}

function refusalOf(file: FileChange, count: number, links: ReadonlySet<string>): Reason | undefined {
  const { path, before, after } = file;
  if (count > maxFiles) {
    return { code: 'too-many-files', reason: `The change holds ${count} files; at most ${maxFiles} can be judged.` };
  }
  const problem = checkPath(path);
  if (problem) return problem;
  const folded = foldPath(path);
  if (isOwn(folded)) {
    return {
      code: 'own-settings',
      reason: 'It belongs to Model Orchestra itself: no change writes its settings, runs or memories.',
    };
  }
  if (before?.mode === '160000' || after?.mode === '160000') {
    return { code: 'submodule', reason: 'It adds, moves or removes a submodule.' };
  }
  if (foldName(path.split('/').at(-1)!) === '.gitmodules' && after && !harmlessModules(after)) {
    return { code: 'submodule-url', reason: 'It names a place or a way of updating a submodule that runs a command.' };
  }
  const through = parents(folded).find((parent) => links.has(parent));
  if (through !== undefined)
    return {
      code: 'link-through',
      reason: `It would be written through ${through}, a link that the same change makes.`,
    };
  return after?.mode === '120000' ? linkProblem(path, after, links) : undefined;
}

const isOwn = (folded: string) =>
  folded.split('/').includes('.orchestration') || /(?:^|\/)\.serena\/memories\/orch(?:\/|$)/.test(folded);

function parents(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_, n) => segments.slice(0, n + 1).join('/'));
}

/** Only https, ssh, git and relative places; no update command; no name or place that could be taken for an option. */
function harmlessModules({ text, mode }: FileSide): boolean {
  if (text === undefined || mode === '120000') return false;
  // A value may be quoted, escaped and continued: what is not plain is not read but refused.
  for (const line of text.replaceAll('\r', '').split('\n')) {
    const plain = line.trim();
    if (plain === '' || /^[#;]/.test(plain)) continue;
    if (/^\[submodule "[\w./ @+-]+"\]$/.test(plain) && !/"-|\.\./.test(plain)) continue;
    const [, key, value] = /^(\w+)\s*=\s*([\w./:@~+%-]+)$/.exec(plain) ?? [];
    const safe =
      value !== undefined &&
      !value.startsWith('-') &&
      (/^(?:branch|ignore|shallow|fetchrecursesubmodules)$/i.test(key!) ||
        (/^update$/i.test(key!) && /^(?:checkout|rebase|merge|none)$/.test(value)) ||
        (/^path$/i.test(key!) && checkPath(value) === undefined) ||
        (/^url$/i.test(key!) &&
          (/^(?:https|ssh|git):\/\/[\w@]/.test(value) || /^\.\.?\//.test(value) || /^\w+@[\w.]+:[\w.~/]/.test(value))));
    if (!safe) return false;
  }
  return true;
}

function linkProblem(path: string, link: FileSide, links: ReadonlySet<string>): Reason | undefined {
  const target = link.text;
  if (!target) return { code: 'link-unreadable', reason: 'It is a symbolic link whose target cannot be read.' };
  const outside = {
    code: 'link-outside',
    reason: `It is a symbolic link that leads out of the project (${JSON.stringify(target.slice(0, 200))}).`,
  };
  if (target.startsWith('/') || target.includes('\\') || /^[a-z]:/i.test(target) || target.startsWith('~'))
    return outside;
  const at = path.split('/').slice(0, -1);
  let down = false;
  for (const segment of target.replace(/\/+$/, '').split('/')) {
    if (segment === '..') {
      // Up after down depends on links on the way: it cannot be told from here.
      if (down || at.pop() === undefined) return outside;
    } else if (segment !== '.' && segment !== '') {
      at.push(segment);
      down = true;
    }
  }
  const end = at.join('/');
  if (end === '') return { code: 'link-loop', reason: 'It is a symbolic link to the project itself.' };
  const problem = checkPath(end);
  if (problem) return { code: problem.code, reason: `It is a symbolic link: ${problem.reason}` };
  const folded = foldPath(end);
  if (isOwn(folded))
    return { code: 'own-settings', reason: 'It is a symbolic link into what belongs to Model Orchestra itself.' };
  const via = [...parents(folded), folded].find((parent) => links.has(parent));
  if (via !== undefined)
    return {
      code: 'link-through',
      reason: `It is a symbolic link through ${via}, which is a link of the same change.`,
    };
  return undefined;
}

/** New paths that some file system cannot keep apart, or where one is a file and a folder to the other. */
function clashesOf(changes: readonly FileChange[], existing: readonly string[]): Map<string, Reason> {
  const clashes = new Map<string, Reason>();
  const removed = new Set(changes.filter(({ after }) => !after).map(({ path }) => path));
  const made = changes.filter(({ before, after }) => after && !before).map(({ path }) => path);
  const kept = [...changes.filter(({ before, after }) => after && before).map(({ path }) => path), ...existing];
  const all = [...made, ...kept.filter((path) => !removed.has(path))];
  const files = new Map<string, string[]>();
  const folders = new Map<string, string>();
  for (const path of new Set(all)) {
    const folded = foldPath(path);
    files.set(folded, [...(files.get(folded) ?? []), path]);
    for (const parent of parents(folded)) folders.set(parent, path);
  }
  const isMade = new Set(made);
  for (const path of made) {
    const folded = foldPath(path);
    const twin = files.get(folded)!.find((other) => other !== path);
    const inside = folders.get(folded);
    const over = parents(folded).flatMap((parent) => files.get(parent) ?? [])[0];
    if (twin !== undefined) {
      clashes.set(path, {
        code: 'same-name',
        reason: `It and ${twin} are one file where case or spelling does not count.`,
      });
    } else if (inside !== undefined || over !== undefined) {
      const other = (over ?? inside)!;
      clashes.set(path, {
        code: 'file-and-folder',
        reason: `It and ${other} cannot both be: one is a file where the other needs a folder.`,
      });
      if (isMade.has(other) && !clashes.has(other)) {
        clashes.set(other, {
          code: 'file-and-folder',
          reason: `It and ${path} cannot both be: one is a file where the other needs a folder.`,
        });
      }
    }
  }
  return clashes;
}

const textual =
  /\.(?:[cm]?[jt]sx?|json[c5l]?|ya?ml|toml|ini|cfg|conf|xml|html?|svg|css|s[ac]ss|less|md|mdx|rst|txt|csv|sh|bash|zsh|fish|ps1|bat|cmd|py|pyi|rb|php|pl|lua|go|rs|java|kts?|scala|groovy|cs|fs|vb|c|h|cc|cpp|hpp|m|mm|swift|dart|ex|exs|erl|hs|ml|clj|sql|graphql|proto|vue|svelte|astro|tf|nix|tex)$/;

/** Everything that makes a file wait, the weightiest first. */
function holdsOf(file: FileChange, purge: Reason | undefined): Reason[] {
  const { path, before, after } = file;
  const holds: Reason[] = [];
  const hold = (code: string, reason: string) => holds.push({ code, reason });
  const sink = sinkOf(path);
  const why = sink && telling(sink, before, after);
  if (sink && why !== undefined) hold(sink.code, why);
  if (newHidden({ before: undefined, after: path }).length > 0)
    hold('hidden-characters', 'its name holds characters that cannot be seen');
  if (purge) holds.push(purge);
  if (!after) return holds;
  if (after.mode === '100755' && before?.mode !== '100755') hold('executable', 'it becomes executable');
  if (after.mode === '120000') {
    const target = sinkOf(joined(path, after.text ?? ''));
    if (target) hold('link-to-settings', `it is a symbolic link, and what it leads to is guarded: ${target.why}`);
    return holds;
  }
  if (after.text === undefined) {
    if (after.bytes === undefined) hold('binary-unmeasured', 'it is not text, and its size is not known');
    else if (after.bytes > maxBinary)
      hold('large-binary', `it is not text, and has ${Math.round(after.bytes / 1e6)} MB`);
    if (textual.test(foldName(path.split('/').at(-1)!)))
      hold('unreadable-text', 'it is named like text, but cannot be read as such');
    return holds;
  }
  const texts = textsOf(before, after);
  const schema = readsSchemas(path) ? newSchema(texts) : undefined;
  if (schema !== undefined) hold('remote-schema', `editors will fetch its schema from ${schema.slice(0, 200)}`);
  const hidden = newHidden(texts);
  if (hidden.length > 0)
    hold(
      'hidden-characters',
      `it brings characters that cannot be seen or change how text is shown (${hidden.slice(0, 4).join(', ')})`,
    );
  return holds;
}

function joined(path: string, target: string): string {
  const at = path.split('/').slice(0, -1);
  for (const segment of target.split('/')) {
    if (segment === '..') at.pop();
    else if (segment !== '.' && segment !== '') at.push(segment);
  }
  return at.join('/');
}

/** JSON in all its names, YAML and TOML; not code, where such a key is data. */
function readsSchemas(path: string): boolean {
  const name = foldName(path.split('/').at(-1)!);
  return (
    /\.(?:[a-z0-9-]*json[a-z0-9]?|ya?ml|toml|webmanifest|code-[a-z]+|har|map|lock|swcrc|topojson)$/.test(name) ||
    /^\.[a-z0-9-]+(?:rc|ignore)?$/.test(name)
  );
}
