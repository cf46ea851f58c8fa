import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import type { Api } from '../../../src/vscode/window.ts';
import { activated, drawn, eventually, question, root, sampleTask, until } from './support.ts';

describe('the whole story', () => {
  let api: Api;
  before(async () => {
    api = await activated();
  });

  it('the command starts a run, and the panel asks about the team', async () => {
    await vscode.commands.executeCommand('orchestra.orchestrateTask', sampleTask);
    const asked = await question(api.session, 'team');
    const state = drawn(api);
    assert.equal(state.run?.title, sampleTask);
    assert.equal(state.run?.scripted, true, 'scripted models are called so');
    const [want] = state.wants;
    assert.equal(want?.kind, 'team');
    assert.ok((want?.team?.members.length ?? 0) >= 8, 'everybody who would work is named');
    assert.match(want?.team?.forecast ?? '', /calls/);
    api.panel.on({ type: 'answer', question: asked.id, answer: 'go' });
  });

  it('the panel streams while the analysts read', async () => {
    const tail = await until(api.session, 'live text of a role', () => {
      const state = drawn(api);
      return state.run?.roles.find((role) => role.sign === 'working' && (role.tail ?? '').length > 40);
    });
    assert.ok(tail.model !== '');
  });

  it('the plan opens as a document: evidence leads to lines, items can be struck and edited', async () => {
    const asked = await question(api.session, 'plan');
    const { run } = asked;
    const document = await eventually('the plan as a document', () =>
      vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'orchestra' && uri.path === `/${run}/Plan.md`),
    );
    const text = document.getText();
    const plan = api.session.view().shown?.state.plan;
    assert.ok(plan && plan.items.length === 2);
    for (const item of plan.items) assert.ok(text.includes(item.title), `${item.title} stands there`);
    assert.match(text, /Dissent/);
    assert.match(text, /Owner: Implementer, Refactoring/);

    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
      'vscode.executeLinkProvider',
      document.uri,
    );
    const place = links.find(({ target }) => target?.path.endsWith('/src/server.ts'));
    assert.equal(place?.target?.scheme, 'file');
    assert.match(place?.target?.fragment ?? '', /^L\d+$/);

    const lenses = async (): Promise<string[]> =>
      (await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri)).map(
        ({ command }) => command?.title.replace(/\$\([^)]*\) /, '') ?? '',
      );
    await eventually('lenses', async () => (await lenses()).includes('Strike'));
    assert.deepEqual(await lenses(), ['Go', 'Stop', 'Strike', 'Edit', 'Strike', 'Edit']);
    const [first, second] = plan.items;
    await vscode.commands.executeCommand('orchestra.strikeItem', run, first?.id);
    await eventually('the struck item', () => document.getText().includes('struck by you'));
    assert.deepEqual(await lenses(), ['Go with 1 change', 'Stop', 'Bring back', 'Strike', 'Edit']);
    await vscode.commands.executeCommand('orchestra.strikeItem', run, first?.id);

    await vscode.commands.executeCommand('orchestra.editItem', run, second?.id);
    const editor = await eventually('the item as a document', () =>
      vscode.window.visibleTextEditors.find(({ document: { uri } }) => uri.scheme === 'orchestra-item'),
    );
    const wanted = 'Keys are compared in constant time, as the person words it';
    await editor.edit((edit) => edit.replace(editor.document.lineAt(0).range, `# ${wanted}`));
    assert.equal(await editor.document.save(), true);
    await eventually('the edited title in the plan', () => document.getText().includes(`${wanted}  ✎ edited by you`));
    // The panel's *Go* means the plan as it stands in the editor.
    api.panel.on({ type: 'answer', question: asked.id, answer: 'go' });
    await until(api.session, 'the amended plan', () =>
      api.session.view().shown?.state.plan?.items.some(({ title }) => title === wanted),
    );
  });

  it('a permission is asked with the whole command, and denied once', async () => {
    const asked = await question(api.session, 'permission');
    assert.ok(asked.kind === 'permission');
    const want = drawn(api).wants.find(({ id }) => id === asked.id);
    assert.equal(want?.exact?.kind, 'command');
    assert.match(want?.exact?.text ?? '', /^npm install rate-limiter-flexible@/);
    api.panel.on({ type: 'answer', question: asked.id, answer: 'no' });
    await until(
      api.session,
      'the answer in the journal',
      () =>
        !api.session.view().questions.some(({ id }) => id === asked.id) &&
        api.session.view().shown?.state.permissions.length === 0,
    );
  });

  it('logs of calls open as editors, and say what was said', async () => {
    const { shown } = api.session.view();
    const call = Object.values(shown?.state.calls ?? {}).find(
      ({ role, state }) => role === 'architect' && state === 'done',
    );
    assert.ok(shown && call);
    api.panel.on({ type: 'log', run: shown.run, call: call.call, attempt: call.attempt });
    await eventually('the log', () =>
      vscode.workspace.textDocuments.find(
        (document) => document.uri.path.includes('/log/') && /token/i.test(document.getText()),
      ),
    );
    api.panel.on({ type: 'prompt', run: shown.run, call: call.call, attempt: call.attempt });
    await eventually('what it was asked', () =>
      vscode.workspace.textDocuments.find(
        (document) => document.uri.path.includes('/asked/') && document.getText().includes(sampleTask),
      ),
    );
  });

  it('the change is reviewed: one hunk is undone, the others are kept, and what is kept is written', async () => {
    const { session } = api;
    await until(session, 'the change', () => session.view().shown?.state.outcome === 'ready');
    const run = session.view().shown?.run ?? '';
    await vscode.commands.executeCommand('orchestra.review.open', { run });
    const files = await until(session, 'the files of the review', () => {
      const { review } = drawn(api).run ?? {};
      return review && review.files.length > 2 && review.files;
    });
    assert.ok(files.every(({ hunks }) => hunks > 0));
    await assert.rejects(readFile(join(root, 'src', 'limit.ts'), 'utf8'), 'nothing is written before it is kept');

    const [documentation] = files.filter(({ path }) => path === 'README.md');
    assert.ok(documentation, 'the documentation was brought up to date');
    const before = await readFile(join(root, 'README.md'), 'utf8');
    await vscode.commands.executeCommand('orchestra.review.keepAll', { run });
    await vscode.commands.executeCommand('orchestra.review.undoFile', { run, path: 'README.md' });
    await until(session, 'the decisions in the panel', () => {
      const { review } = drawn(api).run ?? {};
      const of = (path: string) => review?.files.find((file) => file.path === path);
      return of('README.md')?.undone === documentation.hunks && (of('src/limit.ts')?.kept ?? 0) > 0;
    });
    await vscode.commands.executeCommand('orchestra.review.finish', { run });
    await until(session, 'the end of the review', () => session.view().shown?.state.outcome === 'applied');
    assert.match(await readFile(join(root, 'src', 'limit.ts'), 'utf8'), /bucket/i);
    assert.equal(await readFile(join(root, 'README.md'), 'utf8'), before, 'what was undone is not written');
    const tests = promisify(execFile)(process.execPath, ['--experimental-strip-types', '--test'], { cwd: root });
    await tests.catch(({ stdout }: { stdout: string }) => assert.fail(`the sample's own tests are red:\n${stdout}`));
  });

  it('what was applied is taken back', async () => {
    const { session } = api;
    await vscode.commands.executeCommand('orchestra.undo', session.view().shown?.run);
    await assert.rejects(readFile(join(root, 'src', 'limit.ts'), 'utf8'));
    assert.equal(session.view().shown?.state.outcome, 'ready');
  });
});
