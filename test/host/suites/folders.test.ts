import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { activated, drawn, eventually, root } from './support.ts';

describe('a window with several folders', () => {
  it('asks which one is meant, and remembers it', async () => {
    const api = await activated();
    assert.equal(vscode.workspace.workspaceFolders?.length, 2);
    assert.equal(api.session.view().root, undefined, 'it is not clear which');
    const chosen = vscode.commands.executeCommand('orchestra.chooseFolder');
    await eventually('the list', async () => {
      await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
      return api.session.view().root;
    });
    await chosen;
    assert.equal(basename(api.session.view().root ?? ''), 'links');
    assert.deepEqual(
      drawn(api).composer?.folders.map(({ name }) => name),
      ['links', 'other'],
    );
  });

  it('brings files, folders, symbols and the selection into the box as mentions', async () => {
    const api = await activated();
    const uri = vscode.Uri.file(join(root, 'src', 'server.ts'));
    const editor = await vscode.window.showTextDocument(uri);
    editor.selection = new vscode.Selection(2, 0, 6, 3);
    await vscode.commands.executeCommand('orchestra.orchestrateTask', uri);
    assert.equal(drawn(api).composer?.draft?.text, '@src/server.ts:3-7 ');
    const folder = vscode.Uri.file(join(root, 'src'));
    const file = vscode.Uri.file(join(root, 'README.md'));
    await vscode.commands.executeCommand('orchestra.orchestrateTask', folder, [folder, file]);
    assert.equal(drawn(api).composer?.draft?.text, '@src @README.md ');

    api.panel.on({ type: 'complete', query: 'serv' });
    const items = await eventually('completions', () => {
      const found = drawn(api).completions;
      return found?.query === 'serv' && found.items.length > 0 && found.items;
    });
    assert.equal(items[0]?.insert, 'src/server.ts');
  });
});

describe('the team file', () => {
  it('shows what is wrong in it, where it stands', async () => {
    const path = join(root, '.orchestration', 'team.yaml');
    await mkdir(join(root, '.orchestration'), { recursive: true });
    await writeFile(path, 'version: 1\nbudget:\n  calls: many\nroles:\n  criticus:\n    models: [{ model: nobody }]\n');
    await vscode.window.showTextDocument(vscode.Uri.file(path));
    const found = await eventually('problems', () => {
      const all = vscode.languages
        .getDiagnostics(vscode.Uri.file(path))
        .filter(({ source }) => source === 'Model Orchestra');
      return all.length > 0 && all;
    });
    const [first] = found;
    assert.equal(first?.range.start.line, 2);
    assert.match(first?.message ?? '', /number/);
  });
});
