import type { TeamFile, TeamLayer } from '../../../src/core/team/file.ts';
import type { Reply, Script } from './models.ts';
import { testTeam } from './team.ts';
import type { Files } from './workspaces.ts';
import { newWorld, type World } from './world.ts';

/**
 * One task through the whole team on a small project, with everything that can come up on the way: a false claim, a plan
 * that rests on it and is sent back, a dissent, two writers who change the same line, one of them outside its paths, two
 * candidates, a second round, a resolution that forgets a hunk, documentation, a red merged tree, a held file.
 */

export const project: Record<string, string> = {
  'README.md': '# Sample\n\nIt counts.\n',
  'package.json': '{\n  "name": "sample",\n  "scripts": { "test": "node test.js" }\n}\n',
  'src/a.ts': 'export function a() {\n  return 1;\n}\n',
  'src/b.ts': 'export function b() {\n  return 2;\n}\n',
  'src/c.ts': 'export function c() {\n  return 3;\n}\n',
  'src/shared.ts': 'export const limit = 10;\n\nexport const name = "sample";\n',
};

/** What the person's folder holds when the run is applied. */
export const applied: Record<string, string> = {
  ...project,
  'README.md': '# Sample\n\nIt counts to thirty.\n',
  'package.json': '{\n  "name": "sample",\n  "scripts": { "test": "node test.js --all" }\n}\n',
  'src/a.ts': 'export function a() {\n  return one();\n}\n\nconst one = () => 1;\n',
  'src/b.ts': 'export function b() {\n  return two();\n}\n',
  'src/c.ts': 'export function c() {\n  return 3 * 1;\n}\n',
  'src/fix.ts': 'export const two = () => 2;\n',
  'src/shared.ts': 'export const limit = 30;\n\nexport const name = "sample";\n',
};

const file = (path: string, more: object = {}): object => ({ kind: 'file', path, ...more });
const finding = (claim: string, ...evidence: object[]): object => ({ claim, evidence, severity: 'medium' });

const findings: Record<string, object[]> = {
  architect: [
    finding('The limit is fixed.', file('src/shared.ts', { line: 1, symbol: 'limit', quote: 'export const  limit' })),
    finding('b is fixed.', file('src/b.ts', { line: 2 })),
  ],
  bigpicture: [finding('The ghost counts twice.', file('src/ghost.ts', { line: 1 }))],
  security: [finding('Not all tests run.', file('package.json', { quote: 'node test.js' }))],
  critic: [finding('c could be plainer.', { kind: 'reason', text: 'It looks so.' })],
};

const item = (id: string, owners: string[], paths: string[], ids: string[], dissent: object[] = []): object => ({
  id,
  title: `Item ${id}`,
  what: `Do ${id}.`,
  owners,
  paths,
  findings: ids,
  dissent,
  acceptance: ['It counts.'],
});

export const plan = {
  goal: 'Count further.',
  items: [
    item(
      'i1',
      ['implementer'],
      ['src/a.ts', 'src/shared.ts', 'package.json'],
      ['architect.1', 'security.1'],
      [{ role: 'critic', says: 'Leave it.', answer: 'It was asked for.' }],
    ),
    item('i2', ['second'], ['src/b.ts', 'src/shared.ts'], ['architect.2']),
    item('i3', ['implementer', 'third'], ['src/c.ts'], ['critic.1']),
  ],
  decisions: [],
  leftOut: [],
  docs: ['README.md'],
};

/** Writes in an attempt of its own: what it leaves half done must not be there when another attempt begins. */
function writes(reply: Reply, attempt: number, write: (files: Files) => void): Reply {
  const half = `half-done-${attempt}.tmp`;
  return {
    ...reply,
    early: (files) => void files.set(half, 'half'),
    write(files) {
      files.delete(half);
      write(files);
    },
  };
}

const set = (path: string, from: string, to: string) => (files: Files) => {
  const text = files.get(path) ?? '';
  if (!text.includes(from)) throw new Error(`${path} does not hold ${JSON.stringify(from)}: ${text}`);
  files.set(path, text.replace(from, to));
};
const all =
  (...acts: ((files: Files) => void)[]) =>
  (files: Files) => {
    for (const act of acts) act(files);
  };

const written = (summary: string): Reply => ({ json: { summary }, session: `s-${summary}` });
const fate = (hunk: string, fateOf: string, more: object = {}): object => ({
  hunk,
  fate: fateOf,
  why: 'So it is.',
  ...more,
});

const acts: Record<string, (attempt: number, nth: number) => Reply> = {
  'triage/orchestrator': () => ({
    json: { title: 'Count', size: 'review', specialists: ['second', 'third'], why: 'Many parts.' },
  }),
  ...Object.fromEntries(
    Object.entries(findings).map(([role, own]) => [
      `analysis/${role}`,
      () => ({ json: { summary: `${role} looked.`, findings: own } }),
    ]),
  ),
  'synthesis/orchestrator': (_attempt, nth) => {
    if (nth > 1) return { json: plan };
    const [first, ...rest] = plan.items as { findings: string[] }[];
    return {
      json: { ...plan, items: [{ ...first, findings: [...(first?.findings ?? []), 'bigpicture.1'] }, ...rest] },
    };
  },
  'implementation/reviewer/criteria': () => ({ json: { criteria: ['It counts.'] } }),
  'implementation/optimizer/criteria': () => ({ json: { criteria: ['It is fast.'] }, delay: 6 }),
  'implementation/implementer/r0': (attempt) =>
    writes(
      written('one'),
      attempt,
      all(
        set('src/a.ts', 'return 1', 'return one()'),
        set('src/shared.ts', 'limit = 10', 'limit = 20'),
        set('package.json', 'test.js', 'test.js --all'),
      ),
    ),
  // What it says about a file that is there in its second round depends on what is there: done twice it would show.
  'implementation/implementer/r1': (attempt) =>
    writes(
      written('one'),
      attempt,
      (files) => void files.set('src/a.ts', `${files.get('src/a.ts')}\nconst one = () => 1;\n`),
    ),
  'implementation/second/r0': (attempt) =>
    writes(
      written('two'),
      attempt,
      all(
        set('src/b.ts', 'return 2', 'return two()'),
        set('src/shared.ts', 'limit = 10', 'limit = 30'),
        (files) => void files.set('NOTES.md', 'Done by me.\n'),
      ),
    ),
  'implementation/i3.implementer/r0': (attempt) =>
    writes(written('three'), attempt, set('src/c.ts', 'return 3', 'return 1 + 2')),
  'implementation/i3.third/r0': (attempt) =>
    writes(written('three'), attempt, set('src/c.ts', 'return 3', 'return 3 * 1')),
  'implementation/implementer/r0/reviewer': () => ({
    json: {
      verdict: 'needs-work',
      summary: 'one is missing.',
      findings: [finding('one is not there.', file('src/a.ts', { line: 2 }))],
    },
  }),
  'integration/candidates/i3/judge': () => ({ json: { winner: 'i3.third', why: 'It is plainer.' } }),
  'integration/resolve/second/NOTES.md': (attempt) =>
    writes({ json: { summary: 'Not asked for.', hunks: [fate('second:NOTES.md:1', 'rejected')] } }, attempt, () => {}),
  'integration/resolve/second/src/shared.ts': (attempt, nth) =>
    writes(
      {
        json: {
          summary: 'The larger one.',
          hunks: [
            ...(nth === 1 ? [] : [fate('implementer:src/shared.ts:1', 'superseded', { by: 'second:src/shared.ts:1' })]),
            fate('second:src/shared.ts:1', 'merged'),
          ],
        },
      },
      attempt,
      (files) => void files.set('src/shared.ts', applied['src/shared.ts'] as string),
    ),
  'integration/docs': (attempt) =>
    writes(
      { json: { summary: 'It counts further now.', docs: ['README.md'] } },
      attempt,
      set('README.md', 'It counts.', 'It counts to thirty.'),
    ),
  'integration/fix/1': (attempt) =>
    writes(written('two is there'), attempt, (files) => void files.set('src/fix.ts', applied['src/fix.ts'] as string)),
};

const fine: Reply = { json: { verdict: 'fine', summary: 'Good.' } };

/** The models of the story. `delay` shifts who is done first. */
function storyScript(delay: (key: string) => number | undefined = () => undefined): Script {
  return ({ input, nth }) => {
    const { key, attempt, kind } = input.call;
    const act = Object.hasOwn(acts, key) ? acts[key]?.(attempt, nth) : undefined;
    const reply = act ?? (kind === 'verdict' ? fine : undefined);
    if (!reply) throw new Error(`the story has no ${key}`);
    const usage = { inputTokens: 100, outputTokens: 10 };
    const wait = delay(key);
    return { usage, ...reply, ...(wait !== undefined && { delay: wait }) };
  };
}

const storyTeam = (layer: TeamLayer): TeamFile =>
  testTeam({
    checks: [
      { name: 'test', run: 'npm test' },
      { name: 'old', run: 'npm run old' },
    ],
    ...layer,
  });
const usual = storyTeam({});

/** A machine on which the story is played: everybody says yes, and the merged tree is red until it is mended. */
export function storyWorld(layer?: TeamLayer, delay?: (key: string) => number | undefined): World {
  const team = layer ? storyTeam(layer) : usual;
  const world = newWorld({ team, project, script: storyScript(delay) });
  world.person = { approve: async () => 'yes' };
  world.check = (check, files) => {
    if (check.name === 'old') return { result: 'red', tail: 'It was always so.' };
    // Only together they need it, as it happens with merges.
    const needs = [...files.values()].join('').includes('limit = 30') && files.get('src/a.ts')?.includes('one()');
    return needs && !files.has('src/fix.ts') ? { result: 'red', tail: 'two is not defined' } : undefined;
  };
  return world;
}
