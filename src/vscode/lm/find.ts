import * as vscode from 'vscode';

/** Models of the editor, by the ids that routes ask for. */

/** The first id that the editor has a model for, with that model. The editor's names differ from the vendors' by dots, dates and prefixes only. */
export function matching<M extends Pick<vscode.LanguageModelChat, 'id' | 'family'>>(
  models: readonly M[],
  ids: readonly string[],
): { id: string; model: M } | undefined {
  for (const id of ids) {
    const wanted = plainId(id);
    const model = models.find(({ id: own, family }) => plainId(family) === wanted || plainId(own) === wanted);
    if (model) return { id, model };
  }
  return undefined;
}

/** `anthropic/claude-sonnet-4.5-20250929` is `claude-sonnet-4-5`. */
export function plainId(id: string): string {
  return id
    .toLowerCase()
    .replace(/^[^/]*\//, '')
    .replaceAll(/[._\s]+/g, '-')
    .replace(/-\d{8}$/, '')
    .replace(/-(latest|preview)$/, '');
}

/** What the editor has now; none where it has no such interface (other editors on the same base). */
export async function editorsModels(): Promise<readonly vscode.LanguageModelChat[]> {
  const lm: typeof vscode.lm | undefined = vscode.lm;
  if (typeof lm?.selectChatModels !== 'function') return [];
  return Promise.resolve(lm.selectChatModels()).catch(() => []);
}
