import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Head } from '../../core/bus/heads.ts';
import { parseMessage } from '../../core/bus/message.ts';
import { parseMessageName } from '../../core/bus/names.ts';
import { readStore } from './store.ts';
import { runFolder } from '../paths.ts';

/** The messages of a run as they lie there now, for those who have no part in the run and keep nothing. */

/** A message out of its file. */
export interface FoundMessage extends Head {
  /** ISO time. */
  readonly at: string;
  readonly body: string;
}

/** Every message that can be read, by number: among the memories, and older ones in the run's archive. */
export async function messagesOf(root: string, run: string): Promise<FoundMessage[]> {
  const store = readStore(root);
  const found = new Map<number, FoundMessage>();
  for (const name of await store.list(`orch/${run}/m`)) {
    const text = await store.read(name).catch(() => undefined);
    const seq = parseMessageName(name)?.seq;
    if (text !== undefined && seq !== undefined) keep(found, seq, text);
  }
  const archive = join(runFolder(root, run), 'archive', 'm');
  for (const file of (await readdir(archive).catch((): string[] => [])).toSorted()) {
    const seq = Number(/^(\d{6,15})-.*\.md$/.exec(file)?.[1] ?? Number.NaN);
    if (Number.isNaN(seq) || found.has(seq)) continue;
    const text = await readFile(join(archive, file), 'utf8').catch(() => undefined);
    if (text !== undefined) keep(found, seq, text);
  }
  return [...found.values()].toSorted((a, b) => a.seq - b.seq);
}

function keep(found: Map<number, FoundMessage>, seq: number, text: string): void {
  const message = parseMessage(text);
  if ('problem' in message || message.envelope.seq !== seq) return;
  const { from, to, kind, re, verified, ts } = message.envelope;
  const [, subject = '', body = ''] = /^# ?([^\n]*)\n*([\s\S]*)$/.exec(message.body) ?? [undefined, '', message.body];
  found.set(seq, { seq, at: ts, from, to, kind, subject, re, verified: verified !== false, body });
}
