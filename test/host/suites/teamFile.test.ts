import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { placeAt } from '../../../src/vscode/team/yamlPlace.ts';
import { eventually, root } from './support.ts';

const path = join(root, '.orchestration', 'team.yaml');

/** Puts a text into the open team file; `|` is where the person is. */
async function write(document: vscode.TextDocument, text: string): Promise<vscode.Position> {
  const edit = new vscode.WorkspaceEdit();
  edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), text.replace('|', ''));
  await vscode.workspace.applyEdit(edit);
  return document.positionAt(text.indexOf('|'));
}

describe('a team file in the editor', () => {
  let document: vscode.TextDocument;
  before(async () => {
    // Only what activation registers: the rest comes because a team file is opened.
    await vscode.extensions.getExtension('model-orchestra.model-orchestra')?.activate();
    await mkdir(join(root, '.orchestration'), { recursive: true });
    await writeFile(path, 'version: 1\nbudget:\n  calls: many\n');
    document = await vscode.workspace.openTextDocument(path);
    await vscode.window.showTextDocument(document);
  });

  it('says what is wrong where it stands', async () => {
    const [problem] = await eventually('a problem', () => {
      const all = vscode.languages.getDiagnostics(document.uri);
      return all.length > 0 && all;
    });
    assert.equal(problem?.range.start.line, 2);
    assert.equal(problem?.source, 'Model Orchestra');
  });

  const offered = async (text: string): Promise<string[]> => {
    const position = await write(document, text);
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      document.uri,
      position,
    );
    const ours = list.items.filter(({ kind }) => kind !== vscode.CompletionItemKind.Text);
    return ours.map(({ label }) => (typeof label === 'string' ? label : label.label));
  };

  it('offers what may stand there: names, values, and what the team already has', async () => {
    const top = await offered('version: 1\n|');
    for (const name of ['servers', 'models', 'roles', 'teams', 'checks', 'budget', 'stops'])
      assert.ok(top.includes(name), name);
    assert.deepEqual((await offered('stops:\n  plan: |')).toSorted(), ['always', 'never', 'team']);
    assert.ok((await offered('roles:\n  |')).includes('critic'), 'a role of the built-in team');
    const inRole = await offered('roles:\n  critic:\n    |');
    assert.ok(inRole.includes('models') && inRole.includes('brief') && !inRole.includes('servers'), inRole.join());
    assert.ok((await offered('roles:\n  critic:\n    models:\n      - model: |')).includes('claude-4.5'));
    assert.ok((await offered('roles:\n  critic:\n    models: [{ model: claude-4.5 }, { model: |')).includes('gpt-5'));
    assert.deepEqual((await offered('roles:\n  critic:\n    models: [{ model: gpt-5, effort: |')).toSorted(), [
      'high',
      'low',
      'medium',
    ]);
    assert.ok((await offered('teams:\n  mine:\n    core: [orchestrator, |')).includes('implementer'));
    assert.ok((await offered('checks:\n  - name: test\n    |')).includes('minutes'));
    assert.deepEqual(await offered('roles:\n  critic:\n    brief: >-\n      Look at |'), []);
  });

  it('says what a name means', async () => {
    const said = async (text: string): Promise<string> => {
      const position = await write(document, text);
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
        'vscode.executeHoverProvider',
        document.uri,
        position,
      );
      return hovers.flatMap(({ contents }) => contents.map((one) => (one as vscode.MarkdownString).value)).join('\n');
    };
    assert.match(await said('budget:\n  ca|lls: 12\n'), /every attempt counted/);
    assert.match(await said('budget:\n  ca|lls: 12\n'), /Without it: `40`/);
    assert.match(await said('stops:\n  plan: ne|ver\n'), /`always`/);
    assert.equal(await said('budget:\n  nonsen|se: 12\n'), '');
  });

  it('knows where one is in a text that is not finished', () => {
    const at = (text: string): unknown => {
      const before = text.slice(0, text.indexOf('|')).split('\n');
      const place = placeAt(text.replace('|', '').split('\n'), before.length - 1, before.at(-1)?.length ?? 0);
      return place && [place.side, ...place.path];
    };
    assert.deepEqual(at('|'), ['key']);
    assert.deepEqual(at('a:\n  b:\n  |'), ['key', 'a']);
    assert.deepEqual(at('a:\n  b: |'), ['value', 'a', 'b']);
    assert.deepEqual(at('a:\n- |'), ['key', 'a', 0]);
    assert.deepEqual(at('a:\n- x: 1\n  |'), ['key', 'a', 0]);
    assert.deepEqual(at('a:\n  - x: 1\n    y: {b: [|'), ['value', 'a', 0, 'y', 'b', 0]);
    assert.deepEqual(at('a: { b: 1, |'), ['key', 'a']);
    assert.deepEqual(at('a: [{ b: "x, y", c: |'), ['value', 'a', 0, 'c']);
    assert.deepEqual(at('a: [b] |'), ['value', 'a']);
    assert.deepEqual(at('"a": |'), ['value', 'a']);
    assert.equal(at('a: 1 # b|'), undefined);
    assert.equal(at('a: >-\n  some |'), undefined);
  });
});
