import * as vscode from 'vscode';
import type { Wanted } from '../../core/team/approvals.ts';
import { visible } from '../../core/words/plain.ts';
import { profileFolder } from '../../node/paths.ts';
import { teamOf } from '../../node/team/inForce.ts';
import { approve, isTrusted, type Place, trustFolder } from '../../node/team/trust.ts';
import type { Parts } from '../parts.ts';

const kinds: Record<Wanted['kind'], string> = {
  server: 'The server {name} would be started, or spoken to:',
  route: 'A route of the model {name} would call:',
  check: 'The check {name} would run:',
  setup: 'The setup of workspaces would run, and copy:',
  command: 'Agents could run without asking:',
};

/**
 * Trusts the folder for teams, and asks one by one for what its team file brings. The editor's own trust is asked before, and is not enough: it says
 * that code may be looked at with tools, not that models may run what a file names.
 */
export async function askForTrust({ session, folders }: Pick<Parts, 'session' | 'folders'>): Promise<void> {
  if (folders.condition() === 'untrusted') {
    await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  const project = await session.project((await folders.choose()) ?? folders.current());
  if (!project) return;
  const place: Place = { profile: profileFolder(), root: project.root, signal: new AbortController().signal };
  if (!(await isTrusted(place))) {
    const trust = 'Trust This Folder';
    const chosen = await vscode.window.showWarningMessage(
      `Trust ${visible(project.root)} for teams?`,
      {
        modal: true,
        detail:
          'Its team file is read from then on. What it brings that can run something is asked for one by one; until you approve it, it does nothing.',
      },
      trust,
    );
    if (chosen !== trust) return;
    await trustFolder(place);
  }
  const { missing } = await teamOf(project.root, { signal: place.signal });
  let refused = 0;
  for (const [n, item] of missing.entries()) {
    const yes = 'Approve Exactly This';
    const no = 'Not This';
    const chosen = await vscode.window.showWarningMessage(
      kinds[item.kind].replace('{name}', () => visible(item.name)),
      {
        modal: true,
        detail: `${item.shows.map((line) => visible(line)).join('\n')}\n\n${n + 1} of ${missing.length}. One character changed, and it is asked again.`,
      },
      yes,
      no,
    );
    if (chosen === undefined) break;
    if (chosen === yes) await approve(place, [item]);
    else refused += 1;
  }
  const left = (await teamOf(project.root, { signal: place.signal })).missing.length;
  void vscode.window.setStatusBarMessage(
    left === 0
      ? 'Nothing of this folder waits for your approval.'
      : `${refused > 0 ? refused : left} of this folder not approved: not used.`,
    5000,
  );
  await session.refresh();
}
