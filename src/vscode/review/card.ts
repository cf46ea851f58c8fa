import type { FileSide } from '../../core/change/change.ts';
import type { ShownFile } from './shown.ts';

/** What of a file is no text, in words: one side of it. */
export function cardText({ file, card }: ShownFile, side: 'was' | 'becomes'): string {
  const undone = card.length > 0 && card.every(({ decision }) => decision === 'undo');
  const first = file.changes[0]?.before;
  const last = file.changes.at(-1)?.after;
  const one = side === 'was' || undone ? first : last;
  const name = side === 'was' || undone ? (file.from ?? file.path) : file.path;
  if (!one) return 'not there\n';
  const lines = [`name     ${name}`, `kind     ${kindOf(one)}`, `mode     ${modeOf(one)}`];
  if (one.mode === '120000') lines.push(`leads to ${JSON.stringify(one.text ?? '')}`);
  else if (one.text === undefined) lines.push(`size     ${one.bytes ?? 0} bytes`, `content  ${one.sha.slice(0, 12)}`);
  return `${lines.join('\n')}\n`;
}

function kindOf({ mode, text }: FileSide): string {
  if (mode === '120000') return 'symbolic link';
  if (mode === '160000') return 'submodule';
  return text === undefined ? 'binary file' : 'text file';
}

function modeOf({ mode }: FileSide): string {
  if (mode === '100755') return 'can be executed';
  return mode === '100644' ? 'plain' : mode;
}
