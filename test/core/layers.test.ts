import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

type Diagnostic = { filename: string; code: string };
type Report = { diagnostics: Diagnostic[]; number_of_files: number };

const imports = 'eslint(no-restricted-imports)';

/** One bad file a row: where it lies, what it holds, and the rule that must refuse it. */
const refused: [path: string, source: string, rule: string][] = [
  // core imports only core, zod, diff and node-diff3, and has no clock, randomness or machine of its own
  ['src/core/toNode.ts', `export { git } from '../node/git.ts';`, imports],
  ['src/core/deep/toNode.ts', `export { git } from '../../node/git.ts';`, imports],
  ['src/core/typeOfNode.ts', `export type { Git } from '../node/git.ts';`, imports],
  ['src/core/toProtocol.ts', `export { toPanel } from '../protocol.ts';`, imports],
  ['src/core/toCli.ts', `export { main } from '../cli/main.ts';`, imports],
  ['src/core/toTest.ts', `export { fake } from '../../test/core/fake.ts';`, imports],
  ['src/core/toBuiltin.ts', `export { readFile } from 'node:fs';`, imports],
  ['src/core/toOldBuiltin.ts', `export { join } from 'path';`, imports],
  ['src/core/typeOfVscode.ts', `export type { Uri } from 'vscode';`, imports],
  ['src/core/toPackage.ts', `export { parse } from 'yaml';`, imports],
  ['src/core/later.ts', `export const later = () => import('node:fs');`, imports],
  ['src/core/clock.ts', `export const now = () => Date.now();`, 'eslint(no-restricted-properties)'],
  ['src/core/dice.ts', `export const dice = () => Math.random();`, 'eslint(no-restricted-properties)'],
  ['src/core/timer.ts', `export const timer = () => setTimeout(() => {}, 1);`, 'eslint(no-restricted-globals)'],
  ['src/core/machine.ts', `export const machine = () => process.env;`, 'eslint(no-restricted-globals)'],
  // the protocol imports only core
  ['src/protocol.ts', `export { git } from './node/git.ts';`, imports],
  // node imports core and node; one folder speaks MCP as a client
  ['src/node/toVscode.ts', `export { window } from 'vscode';`, imports],
  ['src/node/toPanel.ts', `export { panel } from '../vscode/panel.ts';`, imports],
  ['src/node/toCli.ts', `export { main } from '../cli/main.ts';`, imports],
  ['src/node/toServer.ts', `export { serve } from '../servers/bus/main.ts';`, imports],
  ['src/node/toWebview.ts', `export { card } from '../webview/card.ts';`, imports],
  ['src/node/toProtocol.ts', `export { toPanel } from '../protocol.ts';`, imports],
  ['src/node/toClient.ts', `export { Client } from '@modelcontextprotocol/sdk/client/index.js';`, imports],
  ['src/node/models/toVscode.ts', `export { window } from 'vscode';`, imports],
  ['src/node/models/toCli.ts', `export { main } from '../../cli/main.ts';`, imports],
  // servers import core and node's leaf modules
  ['src/servers/bus/toProject.ts', `export { openProject } from '../../node/project.ts';`, imports],
  ['src/servers/bus/toModels.ts', `export { call } from '../../node/models/call.ts';`, imports],
  ['src/servers/bus/toKeys.ts', `export { serve } from '../keys/main.ts';`, imports],
  ['src/servers/bus/toVscode.ts', `export { window } from 'vscode';`, imports],
  ['src/servers/bus/toCli.ts', `export { main } from '../../cli/main.ts';`, imports],
  ['src/servers/bus/toClient.ts', `export { Client } from '@modelcontextprotocol/sdk/client/index.js';`, imports],
  ['src/servers/bus/print.ts', `export const print = () => console.log('stdout is protocol');`, 'eslint(no-console)'],
  // the command line imports core and node
  ['src/cli/toVscode.ts', `export { window } from 'vscode';`, imports],
  ['src/cli/toPanel.ts', `export { panel } from '../vscode/panel.ts';`, imports],
  ['src/cli/toServer.ts', `export { serve } from '../servers/bus/main.ts';`, imports],
  ['src/cli/toProtocol.ts', `export { toPanel } from '../protocol.ts';`, imports],
  ['src/cli/toClient.ts', `export { Client } from '@modelcontextprotocol/sdk/client/index.js';`, imports],
  // the extension host imports core, node and the protocol
  ['src/vscode/toCli.ts', `export { main } from '../cli/main.ts';`, imports],
  ['src/vscode/toServer.ts', `export { serve } from '../servers/bus/main.ts';`, imports],
  ['src/vscode/toWebview.ts', `export { card } from '../webview/card.ts';`, imports],
  ['src/vscode/toClient.ts', `export { Client } from '@modelcontextprotocol/sdk/client/index.js';`, imports],
  // the webview imports types of core and the protocol
  ['src/webview/valueOfCore.ts', `export { reduce } from '../core/events.ts';`, imports],
  ['src/webview/valueOfProtocol.ts', `export { toPanel } from '../protocol.ts';`, imports],
  ['src/webview/valueOfZod.ts', `export { z } from 'zod';`, imports],
  ['src/webview/toNode.ts', `export type { Git } from '../node/git.ts';`, imports],
  ['src/webview/toVscode.ts', `export type { Uri } from 'vscode';`, imports],
  ['src/webview/toBuiltin.ts', `export { readFile } from 'node:fs';`, imports],
  // everywhere
  ['src/node/cycleA.ts', `import { b } from './cycleB.ts';\nexport const a = () => b;`, 'import(no-cycle)'],
  ['src/node/cycleB.ts', `import { a } from './cycleA.ts';\nexport const b = () => a;`, 'import(no-cycle)'],
  ['src/node/index.ts', `export * from './git.ts';\nexport * from './store.ts';`, 'oxc(no-barrel-file)'],
  ['src/node/default.ts', `export default 1;`, 'import(no-default-export)'],
  ['src/node/long.ts', 'export {};\n'.repeat(401), 'eslint(max-lines)'],
  ['src/node/floating.ts', `export function go() {\n  Promise.resolve();\n}`, 'typescript(no-floating-promises)'],
  ['src/node/misused.ts', `export const go = () => [1].forEach(async () => {});`, 'typescript(no-misused-promises)'],
];

/** What must pass: else a rule that refuses everything would look like one that works. */
const allowed: [path: string, source: string][] = [
  [
    'src/core/errors.ts',
    `import { z } from 'zod';\nexport { diffLines } from 'diff';\nexport const text = z.string();`,
  ],
  ['src/core/deep/sibling.ts', `export { text } from '../errors.ts';\nexport { diff3Merge } from 'node-diff3';`],
  ['src/node/git.ts', `export { readFile } from 'node:fs/promises';\nexport { text } from '../core/errors.ts';`],
  ['src/node/memory/store.ts', `export const store = 1;`],
  ['src/node/models/client.ts', `export { Client } from '@modelcontextprotocol/sdk/client/index.js';`],
  [
    'src/servers/bus/main.ts',
    `export { store } from '../../node/memory/store.ts';\nexport { text } from '../../core/errors.ts';`,
  ],
  ['src/cli/main.ts', `export { store } from '../node/memory/store.ts';\nexport { text } from '../core/errors.ts';`],
  ['src/vscode/extension.ts', `export { window } from 'vscode';\nexport { store } from '../node/memory/store.ts';`],
  ['src/webview/main.ts', `import type { Text } from '../core/errors.ts';\nexport type Card = { text: Text };`],
];

describe('the arrows between the rooms', () => {
  let folder: string;
  let report: Report;

  before(async function () {
    folder = await mkdtemp(join(tmpdir(), 'orchestra-layers-'));
    for (const name of ['.oxlintrc.json', 'tsconfig.json']) await cp(join(root, name), join(folder, name));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction');
    for (const [path, source] of [...refused, ...allowed]) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), `${source}\n`);
    }
    report = await lint(folder);
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('are checked on every file', () => {
    assert.equal(report.number_of_files, refused.length + allowed.length);
  });

  for (const [path, source, rule] of refused) {
    it(`refuses ${path}: ${source.split('\n', 1)[0]}`, () => {
      assert.ok(codesFor(report, path).includes(rule), `${rule} did not refuse ${path}`);
    });
  }

  for (const [path] of allowed) {
    it(`allows ${path}`, () => assert.deepEqual(codesFor(report, path), []));
  }
});

function codesFor(report: Report, path: string): string[] {
  return report.diagnostics.filter(({ filename }) => filename === path).map(({ code }) => code);
}

function lint(folder: string): Promise<Report> {
  const args = [join(root, 'node_modules/oxlint/bin/oxlint'), '--format', 'json', 'src'];
  return new Promise((done, fail) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) => {
      // Findings make oxlint end with 1, so only what it printed tells whether it ran.
      try {
        done(JSON.parse(stdout) as Report);
      } catch (cause) {
        fail(new Error(`oxlint printed no report: ${stderr || stdout}`, { cause }));
      }
    });
  });
}
