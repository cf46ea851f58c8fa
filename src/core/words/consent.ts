import type { Mend } from '../ask.ts';
import type { Wanted } from '../team/approvals.ts';
import { visible } from './plain.ts';

/** What the person is asked to approve, and what can be done where something is missing: the same in terminal and editor. */

const kinds: Record<Wanted['kind'], string> = {
  server: 'The server {name} would be started, or spoken to:',
  route: 'A route of the model {name} would call:',
  check: 'The check {name} would run:',
  setup: 'The setup of workspaces would run, and copy:',
  command: 'Agents could run without asking:',
};

/** Above the lines of what would come into force. */
export const wantedTitle = ({ kind, name }: Wanted): string => kinds[kind].replace('{name}', () => visible(name));

/** The first of what mends it in one sentence, with its exact command; undefined where there is none. */
export function mendWords([first]: readonly Mend[]): string | undefined {
  if (!first) return undefined;
  const { label, command } = first;
  return command === undefined || label.includes(command) ? label : `${label}: ${command}`;
}
