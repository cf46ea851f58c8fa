import * as vscode from 'vscode';
import type { TeamAmendment } from '../../core/run/amendments.ts';
import { oneLine } from '../../core/words/plain.ts';
import type { Parts } from '../parts.ts';

interface Row extends vscode.QuickPickItem {
  readonly role?: string;
  readonly accept?: { readonly role: string; readonly model: string };
}

/** At the stop for the team: who takes part and who stands in, and what it may cost. The question comes again, about the team as it is then. */
export async function changeTeam({ session }: Pick<Parts, 'session'>): Promise<void> {
  const asked = session.view().questions.find((one) => one.kind === 'stop' && one.stop.stop === 'team');
  const { shown, titles } = session.view();
  if (!asked || shown?.run !== asked.run) {
    void vscode.window.showInformationMessage('No run waits for your word on its team.');
    return;
  }
  const { cast, leftOut, offers, budget } = shown.state;
  const modelName = (model: string): string => oneLine(titles[model] ?? model);
  const rows: Row[] = [
    { label: 'Takes part', kind: vscode.QuickPickItemKind.Separator },
    ...cast.map((one): Row => ({
      label: oneLine(one.title),
      description: modelName(one.models[0]?.model ?? ''),
      ...(one.required && { detail: 'Needed: the run stops without it' }),
      picked: true,
      role: one.role,
    })),
    ...(offers.length > 0 ? [{ label: 'Could stand in', kind: vscode.QuickPickItemKind.Separator }] : []),
    ...offers.map(({ role, model, question }): Row => ({
      label: oneLine(role),
      description: modelName(model),
      detail: oneLine(question),
      accept: { role, model },
    })),
    ...(leftOut.length > 0 ? [{ label: 'Left out', kind: vscode.QuickPickItemKind.Separator }] : []),
    ...leftOut
      .filter(({ role }) => !offers.some((offer) => offer.role === role))
      .map(({ role, why }): Row => ({ label: oneLine(role), detail: oneLine(why), role })),
  ];
  const picked = await vscode.window.showQuickPick(rows, {
    title: 'Change Team',
    canPickMany: true,
    ignoreFocusOut: true,
    placeHolder: 'Who takes part?',
  });
  if (!picked) return;
  const calls = await vscode.window.showInputBox({
    title: 'Change Team',
    prompt: 'Model calls that the run may make',
    value: String(budget.calls),
    ignoreFocusOut: true,
    validateInput: (text) => (/^[1-9]\d{0,4}$/.test(text.trim()) ? undefined : 'A whole number from 1 on.'),
  });
  if (calls === undefined) return;
  const here = new Set(cast.map(({ role }) => role));
  const chosen = new Set(picked.flatMap(({ role }) => role ?? []));
  const without = [...here].filter((role) => !chosen.has(role));
  const added = [...chosen].filter((role) => !here.has(role));
  const accept = picked.flatMap(({ accept: offer }) => offer ?? []);
  const team: TeamAmendment = {
    ...(without.length > 0 && { without }),
    ...(added.length > 0 && { with: added }),
    ...(accept.length > 0 && { accept }),
    ...(Number(calls) !== budget.calls && { budget: { calls: Number(calls) } }),
  };
  if (Object.keys(team).length > 0) session.answer(asked.id, { answer: 'again', amend: { team } });
}
