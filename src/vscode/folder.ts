import * as vscode from 'vscode';
import type { Condition } from './session.ts';

const remembered = 'orchestra.folder';

/** Which folder of the window a team works in. */
export interface Folders {
  /** Folders with files of their own on the machine that the extension runs on. */
  all(): { readonly name: string; readonly root: string }[];
  condition(): Condition;
  /** The folder that is meant without a question: the only one, or the one that was chosen last. */
  current(): string | undefined;
  /** Of several, asks; undefined when the person does not choose. */
  choose(): Promise<string | undefined>;
  remember(root: string): Promise<void>;
}

/** The folders of this window. The choice is kept with the workspace. */
export function openFolders(memento: vscode.Memento): Folders {
  const local = (): readonly vscode.WorkspaceFolder[] =>
    // The extension runs where the files are (`extensionKind: workspace`), so theirs is `file:` in every remote kind too.
    (vscode.workspace.workspaceFolders ?? []).filter((folder) => folder.uri.scheme === 'file');
  const all = () => local().map(({ name, uri }) => ({ name, root: uri.fsPath }));
  const folders: Folders = {
    all,
    condition() {
      if ((vscode.workspace.workspaceFolders ?? []).length === 0) return 'no-folder';
      if (local().length === 0) return 'virtual';
      return vscode.workspace.isTrusted ? 'ready' : 'untrusted';
    },
    current() {
      const here = all();
      const chosen = memento.get<string>(remembered);
      return here.find(({ root }) => root === chosen)?.root ?? (here.length === 1 ? here[0]?.root : undefined);
    },
    async choose() {
      const here = all();
      if (here.length < 2) return here[0]?.root;
      const picked = await vscode.window.showQuickPick(
        here.map(({ name, root }) => ({ label: name, description: root, root })),
        { title: 'Which folder is the team to work in?', placeHolder: 'It is remembered for this workspace' },
      );
      if (picked) await folders.remember(picked.root);
      return picked?.root;
    },
    remember: async (root) => memento.update(remembered, root),
  };
  return folders;
}
