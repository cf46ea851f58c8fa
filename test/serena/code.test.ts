import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findSandbox } from '../../src/node/checks/sandbox.ts';
import { fetchLanguageServer, handCode } from '../../src/node/memory/code/hand.ts';
import { languagesIn } from '../../src/node/memory/code/languages.ts';
import { type Code, openCode } from '../../src/node/memory/code/serena.ts';
import { textOf } from '../../src/node/models/mapping.ts';
import { connect } from '../../src/node/models/mcpClient.ts';
import { stdioWire } from '../../src/node/models/wire.ts';
import { testCache } from '../agents/install.ts';
import { refusal, serenaPath, version } from './install.ts';
import { place, processesWith } from './support.ts';
import type { Place } from './support.ts';

const never = new AbortController().signal;
const program = { command: serenaPath, args: [], version };
/** Fetched once for all checkouts. */
const servers = join(testCache, `language-servers-${version}`);

describe('code tools by a real Serena', function () {
  this.timeout(10 * 60_000);
  let at: Place;
  const open: Code[] = [];
  before(async () => {
    const here = { program, why: '', servers, wanted: ['typescript'], ready: [] };
    const said = await fetchLanguageServer('typescript', here, process.env, never);
    assert.equal(said, 'The language server for TypeScript and JavaScript is there and finds symbols.');
  });
  beforeEach(async () => {
    at = await place();
    await mkdir(at.folder);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((code) => code.end()));
    assert.deepEqual(processesWith(at.base), [], 'nothing of it is left');
    assert.deepEqual(await readdir(at.folder), [], 'nor of its settings');
    await at.remove();
  });
  const workspace = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(at.base, name, path)), { recursive: true });
      await writeFile(join(at.base, name, path), text);
    }
    return join(at.base, name);
  };
  const codeOf = (root: string): Code => {
    const code = openCode({
      program,
      workspace: root,
      folder: at.folder,
      servers,
      languages: ['typescript'],
      env: process.env,
      debug: () => {},
    });
    open.push(code);
    return code;
  };
  const filesOf = async (root: string): Promise<string[]> =>
    (await readdir(root, { recursive: true })).map((name) => name.replaceAll('\\', '/')).toSorted();

  it('find symbols and who uses them, in the one folder, which stays as it is', async () => {
    const touched = join(at.base, 'touched');
    const one = await workspace('one', {
      'tsconfig.json': '{"compilerOptions":{"allowImportingTsExtensions":true,"noEmit":true}}',
      'src/words.ts':
        'export class Greeter {\n  greet(name: string): string {\n    return shout(name);\n  }\n}\n\nexport function shout(text: string): string {\n  return `${text}!`;\n}\n',
      'src/main.ts': "import { shout } from './words.ts';\nexport const said = shout('hello');\n",
      // What a repository brings for Serena is not read.
      '.serena/project.yml': `project_name: theirs\nlanguage_servers: [python]\nactivation_command: "touch '${touched}'"\n`,
      '.serena/memories/secret.md': 'Theirs.\n',
    });
    const before = await filesOf(one);
    assert.deepEqual(await languagesIn(one), ['typescript']);
    const code = codeOf(one);
    assert.deepEqual(processesWith(at.base), [], 'nothing is started before it is asked');
    const symbols = await code.ask('get_symbols_overview', { relative_path: 'src/words.ts', depth: 1 }, never);
    for (const name of ['Greeter', 'greet', 'shout']) assert.match(symbols.text, new RegExp(name));
    const found = await code.ask('find_symbol', { name_path_pattern: 'shout', include_body: true }, never);
    assert.match(found.text, /src.{1,2}words\.ts/);
    assert.match(found.text, /\$\{text\}!/);
    const references = await code.ask(
      'find_referencing_symbols',
      { name_path: 'shout', relative_path: 'src/words.ts' },
      never,
    );
    assert.match(references.text, /main\.ts/);
    assert.match(references.text, /greet/);
    // A writer's change is seen.
    await writeFile(join(one, 'src/words.ts'), 'export function whisper(): void {}\n');
    assert.match((await code.ask('get_symbols_overview', { relative_path: 'src/words.ts' }, never)).text, /whisper/);
    const none = await code.ask('get_symbols_overview', { relative_path: 'src/none.ts' }, never);
    assert.equal(none.refused, true);
    await assert.rejects(code.ask('find_symbol', { name_path_pattern: 'x', relative_path: '../two' }, never), {
      code: 'outside',
    });
    assert.deepEqual(await filesOf(one), before);
    await assert.rejects(readFile(touched), /ENOENT/);
  });

  it('are handed to a role as a server that needs to write nowhere but in a folder of ours', async () => {
    const root = await workspace('project', { 'a.ts': 'export function a(): void {}\n' });
    const cache = join(at.base, 'cache', 'serena');
    await mkdir(cache, { recursive: true });
    await symlink(servers, join(cache, `language-servers-${version}`));
    const env = { ...process.env, ORCHESTRA_CACHE: join(at.base, 'cache'), ORCHESTRA_SERENA: serenaPath };
    const code = await handCode({ root, run: 'r1', env }, never);
    if ('why' in code) {
      assert.match(code.why, refusal ?? assert.fail(code.why));
      await rm(cache, { recursive: true });
      return;
    }
    const handed = code.server(root);
    const { sandbox } = await findSandbox(never);
    const scratch = join(at.base, 'scratch');
    await mkdir(scratch);
    const inner = { file: handed.command, args: handed.args };
    // As an agent is confined that starts it.
    const readable = [
      root,
      cache,
      dirname(process.execPath),
      servers,
      dirname(serenaPath),
      resolve(import.meta.dirname, '../../dist'),
    ];
    const confined = sandbox
      ? await sandbox.wrap(inner, {
          cwd: scratch,
          scratch,
          writable: [...(handed.writes ?? [])],
          readable,
          network: false,
        })
      : inner;
    const wire = stdioWire({
      name: 'code',
      settled: {
        command: confined.file,
        args: confined.args,
        env: { ...env, ...handed.env } as never,
        url: undefined,
        headers: {},
        secrets: [],
      },
      cwd: scratch,
      maxBytes: () => 10_000_000,
      debug: () => {},
    });
    const hooks = { onProgress() {}, onSign() {}, onLost() {}, onElicit: async () => ({ action: 'cancel' }) as const };
    try {
      const connection = await connect(wire, hooks, never);
      assert.deepEqual([...(await connection.tools(never)).keys()].toSorted(), [
        'code_find',
        'code_references',
        'code_symbols',
      ]);
      const call = async (tool: string, args: Record<string, unknown>): Promise<string> =>
        textOf(await connection.call(tool, args, { token: tool, signal: never }));
      assert.match(await call('code_symbols', { path: 'a.ts' }), /"a"/);
      assert.match(await call('code_find', { name: 'a', body: true }), /export function a/);
      assert.match(await call('code_symbols', { path: '../cache/x' }), /outside the working folder/);
    } finally {
      await wire.close(10_000);
    }
    await code.close();
    await rm(join(at.base, 'cache'), { recursive: true });
    await mkdir(at.folder);
    assert.deepEqual(await filesOf(root), ['a.ts']);
  });

  it('of two folders look each at its own', async () => {
    const roots = await Promise.all(
      ['left', 'right'].map((name) => workspace(name, { 'a.ts': `export function ${name}(): void {}\n` })),
    );
    const [left, right] = roots.map(codeOf) as [Code, Code];
    const of = async (code: Code): Promise<string> =>
      (await code.ask('get_symbols_overview', { relative_path: 'a.ts' }, never)).text;
    const [said, other] = await Promise.all([of(left), of(right)]);
    assert.match(said, /left/);
    assert.match(other, /right/);
    assert.doesNotMatch(said + other, /left[^]*left|right[^]*right/);
  });
});
