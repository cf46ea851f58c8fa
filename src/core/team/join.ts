import { teamFileSchema } from './file.ts';
import type { TeamFile } from './file.ts';

/** Whose word a layer is. `workspace` comes with the repository: it may add and tighten, never loosen. */
export type Whose = 'built-in' | 'person' | 'workspace';

export type Path = readonly (string | number)[];

export interface Brought {
  readonly servers: readonly string[];
  /** Models whose routes the repository wrote. */
  readonly models: readonly string[];
  /** Checks by name. */
  readonly checks: readonly string[];
  /** Commands by their line. */
  readonly commands: readonly string[];
  readonly setup: boolean;
}

export interface JoinedParts {
  readonly joined: Values;
  readonly notes: readonly string[];
  readonly problems: readonly { path: Path; message: string }[];
  readonly brought: Brought;
  /** A path in `joined` as the path of the same thing in the layer that was laid on. */
  inLayer(path: Path): Path;
}

type Values = Record<string, unknown>;

/** True for a plain map, as YAML and JSON make them. */
export function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lays one layer on what is joined so far, by the rules of `joinLayers`. `below` is the team without it, if that is sound. */
export function joinParts(base: Values, layer: Values, whose: Whose, below: TeamFile | undefined): JoinedParts {
  const workspace = whose === 'workspace';
  const notes: string[] = [];
  const problems: { path: Path; message: string }[] = [];
  const brought = {
    servers: [] as string[],
    models: [] as string[],
    checks: [] as string[],
    commands: [] as string[],
    setup: false,
  };
  const changed: string[] = [];
  const joined = new Map(Object.entries(base));
  /** For lists that are added up: where each entry stands in the layer; undefined for one from below. */
  const origins = new Map<string, readonly (number | undefined)[]>();

  for (const [name, value] of Object.entries(layer)) {
    if (isNothing(value)) continue;
    const present = base[name];
    switch (name) {
      case 'servers':
      case 'models':
      case 'roles':
      case 'teams': {
        const entries = workspace && name === 'models' ? withoutKnownPrices(value, present, notes) : value;
        joined.set(name, joinNamed(present, entries, name === 'servers' ? joinServer : joinFields));
        if (!workspace || !isMap(entries)) break;
        changed.push(...changesOf(name, entries, present));
        if (name === 'servers') brought.servers.push(...namesIn(entries));
        if (name === 'models')
          brought.models.push(...namesIn(entries).filter((model) => hasField(entries[model], 'routes')));
        break;
      }
      case 'budget':
      case 'limits':
      case 'stops':
        joined.set(name, joinFields(present, workspace ? tightened(name, value, below, notes) : value));
        break;
      case 'setup':
        joined.set(name, joinFields(present, value));
        brought.setup ||= workspace;
        break;
      case 'checks': {
        const list = addChecks(present, value, workspace, notes, problems);
        if (!list) {
          joined.set(name, value);
          break;
        }
        joined.set(
          name,
          list.map((entry) => entry.value),
        );
        origins.set(
          name,
          list.map((entry) => entry.index),
        );
        if (workspace)
          brought.checks.push(
            ...list.flatMap((entry) => (entry.index === undefined ? [] : (nameOf(entry.value) ?? []))),
          );
        break;
      }
      case 'off':
      case 'commands': {
        if (!Array.isArray(value)) {
          joined.set(name, value);
          break;
        }
        const before: unknown[] = Array.isArray(present) ? present : [];
        const added = value
          .map((line: unknown, index) => ({ line, index }))
          .filter(({ line }) => !before.includes(line));
        joined.set(name, [...before, ...added.map(({ line }) => line)]);
        origins.set(name, [...before.map(() => undefined), ...added.map(({ index }) => index)]);
        if (workspace && name === 'commands')
          brought.commands.push(...added.flatMap(({ line }) => (typeof line === 'string' ? [line] : [])));
        break;
      }
      default:
        joined.set(name, value);
    }
  }
  if (changed.length > 0) notes.push(`changes what stands below it: ${changed.join(', ')}.`);
  return {
    // From entries, so that a key `__proto__` is a key like any other.
    joined: Object.fromEntries(joined),
    notes,
    problems,
    brought,
    inLayer(path) {
      const [name, index, ...rest] = path;
      const from = typeof name === 'string' ? origins.get(name) : undefined;
      if (!from || typeof index !== 'number' || name === undefined) return path;
      const origin = from[index];
      return origin === undefined ? [name] : [name, origin, ...rest];
    },
  };
}

const isNothing = (value: unknown): boolean => value === null || value === undefined;

const namesIn = (entries: Values): string[] => Object.keys(entries).filter((name) => !isNothing(entries[name]));

const hasField = (entry: unknown, field: string): boolean => isMap(entry) && !isNothing(entry[field]);

const nameOf = (entry: unknown): string | undefined =>
  isMap(entry) && typeof entry['name'] === 'string' ? entry['name'] : undefined;

const lineOf = (check: unknown): unknown => (isMap(check) ? check['run'] : undefined);

/** Field by field; an empty field says nothing. What is no map is left for the schema to refuse. */
function joinFields(base: unknown, layer: unknown): unknown {
  if (!isMap(layer)) return layer;
  const fields = new Map(isMap(base) ? Object.entries(base) : []);
  for (const [field, value] of Object.entries(layer)) if (!isNothing(value)) fields.set(field, value);
  return Object.fromEntries(fields);
}

/** Like any entry, but a server that changes from program to address, or back, keeps nothing of what it was. */
function joinServer(base: unknown, layer: unknown): unknown {
  if (!isMap(base) || !isMap(layer)) return joinFields(base, layer);
  const toAddress = !isNothing(layer['url']) && isNothing(layer['command']);
  const toProgram = !isNothing(layer['command']) && isNothing(layer['url']);
  const gone = toAddress ? ['command', 'args', 'env', 'pass'] : toProgram ? ['url', 'headers'] : [];
  return joinFields(Object.fromEntries(Object.entries(base).filter(([field]) => !gone.includes(field))), layer);
}

function joinNamed(base: unknown, layer: unknown, join: (base: unknown, layer: unknown) => unknown): unknown {
  if (!isMap(layer)) return layer;
  const entries = new Map(isMap(base) ? Object.entries(base) : []);
  for (const [name, value] of Object.entries(layer)) {
    if (!isNothing(value)) entries.set(name, join(entries.get(name), value));
  }
  return Object.fromEntries(entries);
}

interface ListEntry {
  readonly value: unknown;
  readonly index: number | undefined;
}

/** Undefined when it is no list. From the workspace, a check that is there already stays as it is. */
function addChecks(
  base: unknown,
  layer: unknown,
  workspace: boolean,
  notes: string[],
  problems: { path: Path; message: string }[],
): ListEntry[] | undefined {
  if (!Array.isArray(layer)) return undefined;
  const list: ListEntry[] = (Array.isArray(base) ? (base as unknown[]) : []).map((value) => ({
    value,
    index: undefined,
  }));
  const own = new Set<string>();
  for (const [index, value] of (layer as unknown[]).entries()) {
    const name = nameOf(value);
    if (name !== undefined && own.has(name)) {
      problems.push({
        path: ['checks', index, 'name'],
        message: `Two checks are called \`${name}\`; each needs a name of its own.`,
      });
    }
    const known = name === undefined || own.has(name) ? -1 : list.findIndex((entry) => nameOf(entry.value) === name);
    if (name !== undefined) own.add(name);
    if (known < 0) list.push({ value, index });
    else if (!workspace) list[known] = { value, index };
    else if (lineOf(value) !== lineOf(list[known]?.value)) {
      notes.push(`its check \`${name}\` is left out: your own check of that name stands.`);
    }
  }
  return list;
}

/** A repository that could lower a model's price could spend past a budget in money. */
function withoutKnownPrices(models: unknown, below: unknown, notes: string[]): unknown {
  if (!isMap(models) || !isMap(below)) return models;
  return Object.fromEntries(
    Object.entries(models).map(([name, model]) => {
      if (!isMap(below[name]) || !isMap(model) || isNothing(model['price'])) return [name, model];
      notes.push(`its price for \`${name}\` is left out: only your own file changes what a known model costs.`);
      return [name, Object.fromEntries(Object.entries(model).filter(([field]) => field !== 'price'))];
    }),
  );
}

function changesOf(section: string, entries: Values, below: unknown): string[] {
  if (!isMap(below)) return [];
  return namesIn(entries).flatMap((name) => {
    const entry = entries[name];
    if (!isMap(below[name]) || !isMap(entry)) return [];
    return [`\`${section}.${name}\` (${namesIn(entry).join(', ')})`];
  });
}

/** The stricter a stop, the higher; for `apply`, leaving the change ready is stricter than asking. */
const strictness: Record<string, Record<string, number>> = {
  team: { never: 0, team: 1, always: 2 },
  plan: { never: 0, team: 1, always: 2 },
  apply: { always: 0, never: 1 },
};

/** A longer rest for a broken route costs nothing, so a repository may set it. */
const free = ['breakerSeconds'];

const defaults = teamFileSchema.parse({});

/** What of the workspace's values does not loosen those below. Values of a wrong type are left for the schema to refuse. */
function tightened(
  section: 'budget' | 'limits' | 'stops',
  layer: unknown,
  below: TeamFile | undefined,
  notes: string[],
): unknown {
  if (!isMap(layer)) return layer;
  const present: Values = { ...(below ?? defaults)[section] };
  const kept = Object.entries(layer).filter(([field, value]) => {
    const now = present[field];
    const looser =
      section === 'stops'
        ? (strictness[field]?.[String(value)] ?? Infinity) < (strictness[field]?.[String(now)] ?? 0)
        : typeof value === 'number' && typeof now === 'number' && value > now && !free.includes(field);
    if (looser) {
      notes.push(
        `asks for ${section}.${field} ${String(value)}; ${String(now)} stands. Your own team file can change that.`,
      );
    }
    return !looser;
  });
  return Object.fromEntries(kept);
}
