import { randomUUID } from 'node:crypto';
import type { ModelMessage } from 'ai';
import type { Edit } from '../../core/ask.ts';

/**
 * Conversations, as long as this process lives: a provider keeps none for us. A session that is gone is a failure of its
 * own, after which the engine asks anew with the whole prompt.
 */
interface Session {
  readonly id: string;
  /** Who and what it belongs to; nobody else can go on in it. */
  readonly owner: string;
  readonly messages: readonly ModelMessage[];
  /** The call that last went on in it, and what it wanted edited: sent back, the same call goes on with its edits. */
  readonly call: string;
  readonly edits: readonly Edit[];
}

export interface Sessions {
  find(id: string, owner: string): Session | undefined;
  /** Keeps it under a new id, or the one that it had; gives the id. */
  keep(session: Omit<Session, 'id'> & { id?: string | undefined }): string;
}

const sessionsMost = 64;
const bytesMost = 64 * 1024 * 1024;

/** Sessions in memory; the oldest are forgotten when there are many, or when they are large. */
export function openSessions(): Sessions {
  const kept = new Map<string, { session: Session; bytes: number }>();
  return {
    find(id, owner) {
      const found = kept.get(id);
      return found?.session.owner === owner ? found.session : undefined;
    },
    keep({ id = randomUUID(), ...rest }) {
      const session = { ...rest, id };
      kept.delete(id);
      kept.set(id, { session, bytes: JSON.stringify(rest.messages).length });
      let bytes = [...kept.values()].reduce((sum, one) => sum + one.bytes, 0);
      for (const [old, one] of kept) {
        if (kept.size <= sessionsMost && bytes <= bytesMost) break;
        if (old === id) break;
        kept.delete(old);
        bytes -= one.bytes;
      }
      return id;
    },
  };
}
