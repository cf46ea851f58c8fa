import * as vscode from 'vscode';
import { type PlanItem } from '../core/run/answers.ts';
import type { RunState } from '../core/run/state.ts';
import { plural } from '../core/words/words.ts';
import type { Question } from './asking.ts';
import { contexts } from './commands.ts';
import { type Documents, openDocuments, openDocument, runDocumentUri, runOf } from './documents.ts';
import { itemText, readItemText } from './documents/item.ts';
import type { Pending } from './documents/plan.ts';
import type { Parts } from './parts.ts';
import { openPlanDrafts } from './planDrafts.ts';
import { documentScheme, itemScheme } from './schemes.ts';

/** The plan as it is decided upon: lenses on the document that strike and edit items, and *Go* and *Stop* above them. */
export interface PlanEditor extends vscode.Disposable {
  readonly documents: Documents;
  /** Items of plans as files. */
  readonly files: vscode.FileSystemProvider;
  /** Answers the stop of a run; without one, of that whose plan is in the active editor, or of the shown one. */
  go(run?: string): Promise<void>;
  stop(): Promise<void>;
  strike(run: string, item: string): void;
  edit(run: string, item: string): Promise<void>;
}

export function openPlanEditor({
  session,
  settings,
  context,
}: Pick<Parts, 'session' | 'settings'> & { readonly context: Pick<Parts['context'], 'workspaceState'> }): PlanEditor {
  const drafts = openPlanDrafts(context.workspaceState);
  const lensesChanged = new vscode.EventEmitter<void>();
  const stopOf = (run: string): Extract<Question, { kind: 'stop' }> | undefined =>
    session
      .view()
      .questions.find(
        (one): one is Extract<Question, { kind: 'stop' }> =>
          one.run === run && one.kind === 'stop' && one.stop.stop === 'plan',
      );
  const draftOf = (run: string): Pick<Pending, 'struck' | 'edited'> =>
    drafts.find(run) ?? { struck: new Set(), edited: new Map() };
  const documents = openDocuments({ session }, (run): Pending => {
    const problem = stopOf(run)?.stop.problem;
    return {
      ...draftOf(run),
      ...(problem !== undefined && { problem }),
    };
  });
  const renew = (run: string): void => {
    documents.renew(runDocumentUri(run, 'plan'));
    lensesChanged.fire();
  };
  const itemOf = async (run: string, id: string): Promise<PlanItem | undefined> => {
    const { shown } = session.view();
    const state = shown?.run === run ? shown.state : await stateOf(run);
    return state?.plan?.items.find((one) => one.id === id);
  };
  /** Of a run that this window does not show: an item whose editor was open before the window was loaded again. */
  const stateOf = async (run: string): Promise<RunState | undefined> => {
    const project = await session.project();
    return project?.show(run).then(
      ({ state }) => state,
      () => undefined,
    );
  };
  const current = (): string | undefined => {
    const uri = vscode.window.activeTextEditor?.document.uri;
    return uri?.scheme === documentScheme ? runOf(uri) : session.view().shown?.run;
  };

  const lenses: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: lensesChanged.event,
    provideCodeLenses({ uri }) {
      if (!uri.path.endsWith('/Plan.md')) return [];
      const run = runOf(uri);
      if (!stopOf(run)) return [];
      const { struck, edited } = draftOf(run);
      const changed = struck.size + edited.size;
      const lens = (
        line: number,
        title: string,
        command: string,
        tooltip: string,
        ...args: unknown[]
      ): vscode.CodeLens =>
        new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { title, command, tooltip, arguments: args });
      const goes = changed === 0 ? '$(play) Go' : `$(play) Go with ${plural(changed, 'change')}`;
      return [
        lens(0, goes, 'orchestra.goOn', 'The writers begin'),
        lens(0, '$(debug-stop) Stop', 'orchestra.stopHere', 'The run ends here; it can be resumed'),
        ...documents.marks(uri).flatMap((mark) => {
          if (mark.kind !== 'item') return [];
          const strike = struck.has(mark.item)
            ? lens(mark.line, '$(discard) Bring back', 'orchestra.strikeItem', 'It is done after all', run, mark.item)
            : lens(mark.line, '$(close) Strike', 'orchestra.strikeItem', 'It is not done', run, mark.item);
          if (struck.has(mark.item)) return [strike];
          return [
            strike,
            lens(mark.line, '$(edit) Edit', 'orchestra.editItem', 'As a document; saved, it counts', run, mark.item),
          ];
        }),
      ];
    },
  };

  const files = itemFiles(
    async (run, id) => {
      const item = await itemOf(run, id);
      return item && itemText({ ...item, ...draftOf(run).edited.get(id) });
    },
    async (run, id, text) => {
      const item = await itemOf(run, id);
      if (!item) throw vscode.FileSystemError.FileNotFound('This plan is not waiting any more.');
      drafts.change(run, ({ edited }) => {
        const edit = readItemText(text, item);
        if (Object.keys(edit).length > 0) edited.set(id, edit);
        else edited.delete(id);
      });
      renew(run);
    },
  );
  const disposable = vscode.Disposable.from(
    documents,
    lensesChanged,
    vscode.languages.registerCodeLensProvider({ scheme: documentScheme }, lenses),
    session.onRecord(({ event }, run) => {
      if (event.type === 'stop.answered' && event.stop === 'plan') drafts.drop(run);
      if (event.type === 'stop.asked' && event.stop === 'plan') {
        renew(run);
        // Beside what the person does, without taking the keyboard from it.
        if (settings().openPlan && session.view().shown?.driven === 'here')
          void openDocument(runDocumentUri(run, 'plan'), { preserveFocus: true, preview: false });
      }
    }),
    session.onChange(() => keepContext()),
    vscode.window.onDidChangeActiveTextEditor(() => keepContext()),
  );
  let waits = false;
  const keepContext = (): void => {
    const run = vscode.window.activeTextEditor?.document.uri.scheme === documentScheme ? current() : undefined;
    const now = run !== undefined && stopOf(run) !== undefined;
    if (now === waits) return;
    waits = now;
    lensesChanged.fire();
    void vscode.commands.executeCommand('setContext', contexts.plan, now);
  };

  return {
    documents,
    files,
    async go(of) {
      const run = of ?? current();
      const question = run === undefined ? undefined : stopOf(run);
      if (run === undefined || !question) return;
      const dirty = vscode.workspace.textDocuments.filter(
        ({ uri, isDirty }) => uri.scheme === itemScheme && runOf(uri) === run && isDirty,
      );
      for (const document of dirty) await document.save();
      const { struck, edited } = draftOf(run);
      if (struck.size + edited.size === 0) return session.answer(question.id, 'go');
      const strike = [...struck].map((item) => ({ item }));
      const edit = [...edited].filter(([item]) => !struck.has(item)).map(([item, change]) => ({ item, ...change }));
      session.answer(question.id, {
        answer: 'go',
        amend: { plan: { ...(strike.length > 0 && { strike }), ...(edit.length > 0 && { edit }) } },
      });
    },
    async stop() {
      const run = current();
      const question = run === undefined ? undefined : stopOf(run);
      if (question) session.answer(question.id, 'stop');
    },
    strike(run, item) {
      drafts.change(run, ({ struck }) => {
        if (!struck.delete(item)) struck.add(item);
      });
      renew(run);
    },
    async edit(run, item) {
      const uri = vscode.Uri.from({ scheme: itemScheme, path: `/${run}/${item}.md` });
      await openDocument(uri, { viewColumn: vscode.ViewColumn.Beside, preview: false });
    },
    dispose: () => disposable.dispose(),
  };
}

/** Items of plans as files that can be written: saving one is what amends the plan. */
function itemFiles(
  read: (run: string, item: string) => Promise<string | undefined>,
  write: (run: string, item: string, text: string) => Promise<void>,
): vscode.FileSystemProvider {
  const changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  let stamp = Date.now();
  const parts = (uri: vscode.Uri): [string, string] => {
    const [, run = '', name = ''] = uri.path.split('/');
    return [run, name.replace(/[.]md$/, '')];
  };
  const textOf = async (uri: vscode.Uri): Promise<string> => {
    const text = await read(...parts(uri));
    if (text === undefined) throw vscode.FileSystemError.FileNotFound(uri);
    return text;
  };
  const refuse = (): never => {
    throw vscode.FileSystemError.NoPermissions('An item of a plan can only be written.');
  };
  return {
    onDidChangeFile: changes.event,
    watch: () => ({ dispose: () => {} }),
    async stat(uri) {
      const size = Buffer.byteLength(await textOf(uri));
      return { type: vscode.FileType.File, ctime: 0, mtime: stamp, size };
    },
    readDirectory: refuse,
    createDirectory: refuse,
    readFile: async (uri) => Buffer.from(await textOf(uri)),
    async writeFile(uri, content) {
      await write(...parts(uri), Buffer.from(content).toString('utf8'));
      stamp += 1;
      changes.fire([{ type: vscode.FileChangeType.Changed, uri }]);
    },
    delete: refuse,
    rename: refuse,
  };
}
