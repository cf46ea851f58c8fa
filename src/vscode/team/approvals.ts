import * as vscode from 'vscode';
import { wantedTitle } from '../../core/words/consent.ts';
import { visible } from '../../core/words/plain.ts';
import { profileFolder } from '../../node/paths.ts';
import { teamOf } from '../../node/team/inForce.ts';
import { approve, isTrusted, type Place, trustFolder } from '../../node/team/trust.ts';
import type { Parts } from '../parts.ts';

/**
 * Trusts the folder for teams, and asks one by one for what its team file brings. The editor's own trust is asked before, and is not enough: it says
 * that code may be looked at with tools, not that models may run what a file names.
 */
export async function askForTrust({ session, folders }: Pick<Parts, 'session' | 'folders'>): Promise<void> {
  if (folders.condition() === 'untrusted') {
    await vscode.commands.executeCommand('workbench.trust.manage');
    return;
  }
  // Who does not say which folder trusts none.
  const root = await folders.choose();
  const project = root === undefined ? undefined : await session.project(root);
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
  for (const [n, item] of missing.entries()) {
    const yes = 'Approve Exactly This';
    const no = 'Not This';
    const chosen = await vscode.window.showWarningMessage(
      wantedTitle(item),
      {
        modal: true,
        detail: `${item.shows.map((line) => visible(line)).join('\n')}\n\n${n + 1} of ${missing.length}. One character changed, and it is asked again.`,
      },
      yes,
      no,
    );
    if (chosen === undefined) break;
    if (chosen === yes) await approve(place, [item]);
  }
  const left = (await teamOf(project.root, { signal: place.signal })).missing.length;
  void vscode.window.setStatusBarMessage(
    left === 0
      ? 'Nothing of this folder waits for your approval.'
      : `${left} of what this folder brings is not approved, and not used.`,
    5000,
  );
  await session.refresh();
}
