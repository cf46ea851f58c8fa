import * as vscode from 'vscode';
import type { Mend } from '../../core/ask.ts';
import { mendWords } from '../../core/words/consent.ts';
import { oneLine } from '../../core/words/plain.ts';
import type { Diagnosis } from '../../node/doctor/doctor.ts';
import type { Finding } from '../../node/doctor/finding.ts';
import type { CommandId } from '../commands.ts';
import { inEditor, told } from '../host.ts';
import type { Parts } from '../parts.ts';

type Kind = Mend['kind'];

const mendIcons: Record<Kind, string> = {
  install: 'desktop-download',
  'sign-in': 'sign-in',
  key: 'key',
  trust: 'shield',
  'team-file': 'organization',
  settings: 'settings-gear',
  other: 'info',
};

/** Does it, as far as an editor can: a command is put into a terminal, for the person to look at and to send. */
async function mendBy({ kind, command, label }: Mend): Promise<void> {
  const commands: Partial<Record<Kind, CommandId>> = {
    key: 'orchestra.setKey',
    trust: 'orchestra.trust',
    'team-file': 'orchestra.editTeam',
  };
  const own = commands[kind];
  if (own !== undefined) await vscode.commands.executeCommand(own);
  else if (kind === 'settings') await vscode.commands.executeCommand('workbench.action.openSettings', 'orchestra');
  else if (command !== undefined) {
    const terminal = vscode.window.createTerminal(label);
    terminal.show();
    terminal.sendText(command, false);
  } else void vscode.window.showInformationMessage(label);
}

const icons: Record<Finding['state'], string> = {
  ok: 'pass',
  missing: 'error',
  retired: 'history',
  off: 'circle-slash',
};

interface Row extends vscode.QuickPickItem {
  readonly mends?: readonly Mend[];
}

/** The doctor's table as a list: a row a finding, with a button for each mend. Nothing is spent by looking. */
export async function checkTeam({
  session,
  folders,
  channel,
}: Pick<Parts, 'session' | 'folders' | 'channel'>): Promise<void> {
  const root = folders.current() ?? (await folders.choose());
  const project = await session.project(root);
  if (!project) {
    await vscode.commands.executeCommand('orchestra.panel.focus');
    return;
  }
  const list = vscode.window.createQuickPick<Row>();
  const control = new AbortController();
  const again: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('refresh'), tooltip: 'Look again' };
  list.title = 'Check Team';
  list.placeholder = 'Asking every route whether it is there …';
  const fix: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('wand'), tooltip: 'Mend what is safe to mend' };
  list.buttons = [fix, again];
  list.matchOnDetail = true;
  list.ignoreFocusOut = true;
  const look = async (fixing = false): Promise<void> => {
    list.busy = true;
    try {
      const { teams } = session.view();
      const diagnosis = await project.diagnose({
        team: teams[0],
        signal: control.signal,
        ...(fixing && { fix: true }),
      });
      list.items = rowsOf(diagnosis);
      list.placeholder =
        diagnosis.problem === undefined
          ? `A run could start here now: ${diagnosis.team.length} roles are filled`
          : `No run could start here now: ${oneLine(diagnosis.problem)}`;
    } finally {
      list.busy = false;
    }
  };
  const mend = async (wanted: Mend): Promise<void> => {
    list.hide();
    await mendBy(wanted);
  };
  const listening = [
    list.onDidTriggerButton((button) => void told(channel, () => look(button === fix))),
    list.onDidTriggerItemButton(({ item, button }) => {
      const found = item.mends?.find(({ label }) => label === button.tooltip);
      if (found) void mend(found);
    }),
    list.onDidAccept(() => {
      const [first] = list.selectedItems[0]?.mends ?? [];
      if (first) void mend(first);
    }),
  ];
  const hidden = new Promise<void>((resolve) => listening.push(list.onDidHide(() => resolve())));
  list.show();
  try {
    await Promise.race([look(), hidden]);
    await hidden;
  } finally {
    control.abort();
    for (const each of listening) each.dispose();
    list.dispose();
  }
}

/** What can be done about a row: the best in words, all of it as buttons. */
function mending(mends: readonly Mend[]): Pick<Row, 'detail' | 'mends' | 'buttons'> {
  const words = mendWords(mends);
  return {
    ...(words !== undefined && { detail: oneLine(inEditor(words)) }),
    mends,
    buttons: mends.map(({ kind, label }) => ({ iconPath: new vscode.ThemeIcon(mendIcons[kind]), tooltip: label })),
  };
}

/** The table's rows: the team as it would run first, for that is what is asked; then what it rests on. */
export function rowsOf(diagnosis: Diagnosis): Row[] {
  const heading = (label: string): Row => ({ label, kind: vscode.QuickPickItemKind.Separator });
  const finding = (one: Finding): Row => {
    return {
      label: `$(${icons[one.state]}) ${oneLine(one.what)}`,
      description: oneLine(one.detail),
      ...mending(one.mends),
    };
  };
  return [
    heading(diagnosis.problem === undefined ? 'The team as it would run now' : 'No run could start here now'),
    ...diagnosis.team.map((cast): Row => {
      const [model] = cast.models;
      const effort = model?.effort === undefined ? '' : ` ${model.effort}`;
      return {
        label: `$(person) ${oneLine(cast.title)}`,
        description: `${oneLine(model?.model ?? '')}${effort}${model?.standsFor === undefined ? '' : `, stands in for ${oneLine(model.standsFor)}`}`,
      };
    }),
    ...diagnosis.leftOut.map(({ role, why }): Row => ({
      label: `$(circle-slash) ${oneLine(role)}`,
      description: 'left out',
      detail: oneLine(why),
    })),
    ...(diagnosis.more.length > 0 ? [heading('What one thing more would bring')] : []),
    ...diagnosis.more.map(({ text, mends }): Row => ({
      label: `$(add) ${oneLine(text)}`,
      ...mending(mends),
    })),
    ...diagnosis.fixed.map((text): Row => ({ label: `$(wand) ${oneLine(text)}`, description: 'mended' })),
    heading('Models and their routes'),
    ...diagnosis.routes.map(finding),
    heading('This machine'),
    ...diagnosis.machine.map(finding),
    ...diagnosis.notes.map((note): Row => ({ label: `$(info) ${oneLine(inEditor(note))}` })),
  ];
}
