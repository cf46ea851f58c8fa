import { oneLine } from './text.ts';

/** What of a message says whose it is and to whom, from wherever it was read. */
export interface Head {
  readonly seq: number;
  readonly from: string;
  /** Empty: all. */
  readonly to: readonly string[];
  readonly kind: string;
  readonly subject: string;
  readonly verified: boolean;
  readonly re?: string | undefined;
}

/** Whether a message is for everybody or for this role among others. */
export function isFor(message: Pick<Head, 'to'>, role: string): boolean {
  return message.to.length === 0 || message.to.includes('all') || message.to.includes(role);
}

/** Number, sender, addressee, kind and subject in a line. */
export function headOf(m: Head): string {
  const to = m.to.length === 0 ? 'all' : m.to.join(', ');
  const re = m.re === undefined ? '' : `, on #${Number(m.re.split('-').at(-1))}`;
  const from = `${oneLine(m.from, 40)}${m.verified ? '' : ' (so it says; unproved)'}`;
  return `#${m.seq} ${from} to ${oneLine(to, 80)}, ${oneLine(m.kind, 40)}${re}: ${oneLine(m.subject, 200)}`;
}
