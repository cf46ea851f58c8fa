import type * as vscode from 'vscode';
import type { Folders } from './folder.ts';
import type { Keys } from './team/keys.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';

/** What the commands and views of this window work with; put together in `activate`. */
export interface Parts {
  readonly context: vscode.ExtensionContext;
  readonly channel: vscode.LogOutputChannel;
  readonly folders: Folders;
  readonly keys: Keys;
  readonly session: Session;
  /** Whether the person sees the panel now: what it says needs no notification. */
  panelVisible(): boolean;
  /** As they are now, for a folder. */
  settings(root?: string): Settings;
}
