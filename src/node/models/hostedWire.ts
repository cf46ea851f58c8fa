import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { Failure } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { RouteError } from '../../core/ports.ts';
import { oneLine } from './text.ts';
import { unlessAborted } from './waiting.ts';
import { errorMessage } from './wire.ts';
import type { Message, Wire } from './wire.ts';

/**
 * An MCP server in this very process: serves one connection over the transport until that closes. Resolves once it
 * listens. Called anew for every connection; what it rejects with is told as the reason why the route cannot be used.
 */
export type HostedServer = (transport: Transport) => Promise<void>;

export interface HostedWireOptions {
  readonly name: string;
  readonly serve: HostedServer;
  /** The longest message that is taken, in bytes; asked anew for every message. */
  readonly maxBytes: () => number;
}

/** A server of the host's own (the editor's models), spoken to without leaving the process. */
export function hostedWire({ name, serve, maxBytes }: HostedWireOptions): Wire {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  let lost = false;
  let closing: Promise<void> | undefined;
  const lose = (failure: Failure): void => {
    if (lost) return;
    lost = true;
    wire.onLost(failure);
  };
  ours.onclose = () => lose({ kind: 'crash', message: `${name} ended its connection.` });
  ours.onmessage = (message) => {
    // As over any other wire: nothing is shared, and nothing is longer than it may be.
    const text = JSON.stringify(message);
    if (Buffer.byteLength(text) <= maxBytes()) return wire.onMessage(JSON.parse(text) as Message);
    const failure: Failure = { kind: 'too-large', message: `${name} sent a message that is too long.` };
    if (!('method' in message) && typeof message.id === 'number') wire.onMessage(errorMessage(message.id, failure));
  };

  const wire: Wire = {
    onMessage: () => {},
    onLost: () => {},
    async open(signal) {
      await ours.start();
      try {
        await unlessAborted(serve(theirs), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RouteError) throw error;
        throw new RouteError({
          kind: 'crash',
          message: `${name} could not be started: ${oneLine(reasonOf(error), 300)}`,
        });
      }
    },
    send: (message) => ours.send(JSON.parse(JSON.stringify(message)) as JSONRPCMessage),
    break(failure) {
      lose(failure);
      void ours.close();
    },
    close() {
      // First, since closing tells both ends that the connection is gone.
      lose({ kind: 'cancelled', message: `${name} was closed.` });
      closing ??= ours.close().catch(() => {});
      return closing;
    },
  };
  return wire;
}
