import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { joinLayers } from '../../core/team/layers.ts';
import { roster } from '../../core/team/roster.ts';
import { orchestrationFolder, profileFolder } from '../../node/paths.ts';
import { readYaml } from '../../node/team/yaml.ts';
import type { Parts } from '../parts.ts';
import { throttled } from '../panel/throttle.ts';

/** What a new team file says: nothing yet, and how to begin. Every field is described by the schema. */
const template = (whose: string): string => `# The team ${whose}: only what differs from the built-in team stands here.
# "Check Team" shows who would run now, and through which routes.
version: 1

# The project's own commands judge every change:
# checks:
#   - name: test
#     run: npm test

# A budget over all models:
# budget: { calls: 40, minutes: 45 }

# Another model for a role (the first is meant, the others may stand in):
# roles:
#   critic:
#     models: [{ model: gemini-2.5-pro }, { model: claude-4.5 }]
`;

/** Opens the project's team file or the person's own; one that is not there yet is made. */
export async function editTeam({ folders }: Pick<Parts, 'folders'>): Promise<void> {
  const own = {
    label: '$(account) My team file',
    detail: join(profileFolder(), 'team.yaml'),
    whose: 'in all your projects',
  };
  const root = folders.condition() === 'ready' ? (folders.current() ?? (await folders.choose())) : undefined;
  const project =
    root === undefined
      ? []
      : [
          {
            label: '$(root-folder) The team file of this project',
            detail: join(orchestrationFolder(root), 'team.yaml'),
            whose: 'of this project',
          },
        ];
  const picked = await vscode.window.showQuickPick(
    [...project, own].map((item) => ({ ...item, description: existsSync(item.detail) ? '' : 'is made' })),
    {
      title: 'Edit Team',
      placeHolder: 'Which one? The project’s stands over your own, and yours over the built-in team',
    },
  );
  if (!picked) return;
  const path = picked.detail;
  if (!existsSync(path)) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Not over one that somebody just made.
    await writeFile(path, template(picked.whose), { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}

/** How long typing may rest before a team file is read again, in milliseconds. */
const paceMs = 400;

/** Marks what is wrong in team files that are open: in the file of a folder, and in the person's own. */
export function showTeamProblems({ session }: Pick<Parts, 'session'>): vscode.Disposable {
  const problems = vscode.languages.createDiagnosticCollection('orchestra');
  const look = (document: vscode.TextDocument): void => {
    if (!isTeamFile(document.uri)) return;
    problems.set(document.uri, problemsOf(document.getText()));
  };
  const pending = new Set<vscode.TextDocument>();
  const pace = throttled(() => {
    for (const document of pending) if (!document.isClosed) look(document);
    pending.clear();
  }, paceMs);
  for (const document of vscode.workspace.textDocuments) look(document);
  return vscode.Disposable.from(
    problems,
    pace,
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (!isTeamFile(document.uri)) return;
      pending.add(document);
      pace.call();
    }),
    vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      if (isTeamFile(uri)) void session.refresh();
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => problems.delete(uri)),
  );
}

/** The team file of a folder, or the person's own. */
export function isTeamFile(uri: vscode.Uri): boolean {
  if (uri.scheme !== 'file') return false;
  return uri.path.endsWith('/.orchestration/team.yaml') || uri.fsPath === join(profileFolder(), 'team.yaml');
}

/** What is wrong in the text of a team file, where it stands. It is judged over the built-in team, as it will be. */
export function problemsOf(text: string): vscode.Diagnostic[] {
  const diagnostic = (line: number, column: number, message: string): vscode.Diagnostic => {
    const from = new vscode.Position(Math.max(0, line - 1), Math.max(0, column - 1));
    const words = text.split('\n')[from.line]?.slice(from.character) ?? '';
    const length = Math.max(1, /^[^\s:,#\]}]+/.exec(words)?.[0].length ?? 1);
    const found = new vscode.Diagnostic(new vscode.Range(from, from.translate(0, length)), message);
    found.source = 'Model Orchestra';
    return found;
  };
  const read = readYaml(Buffer.from(text));
  if ('problems' in read) return read.problems.map(({ line, column, message }) => diagnostic(line, column, message));
  const { file } = read;
  const joined = joinLayers([
    { from: 'the built-in team', whose: 'built-in', layer: roster },
    { from: 'this file', whose: 'person', layer: file.value },
  ]);
  return joined.problems
    .map(({ path, message, name }) => {
      const { line, column } = file.positionOf(path, name ? 'name' : 'value');
      return diagnostic(line, column, message);
    })
    .toSorted((a, b) => a.range.start.compareTo(b.range.start));
}
