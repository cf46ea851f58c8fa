import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

/** A conversation with the person: nobody else prints or asks while it lasts. */
export interface Dialogue {
  print(lines: readonly string[]): void;
  /** The line that was typed; undefined when the input is at its end. Rejects with the signal's reason. */
  read(prompt: string): Promise<string | undefined>;
}

/** Where the person is asked: one conversation at a time, in the order in which they were begun. */
export interface Desk {
  talk<T>(signal: AbortSignal, talk: (dialogue: Dialogue) => Promise<T>): Promise<T>;
}

export interface DeskOptions {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  /** What must keep still during a conversation. */
  readonly screen?: { hold(): void; release(): void } | undefined;
  /** Ctrl-C while a question stands there: the terminal is raw then, and sends no signal. */
  readonly interrupt: () => void;
}

/** The desk at a terminal. */
export function terminalDesk(options: DeskOptions): Desk {
  const { input, output, screen } = options;
  let last: Promise<unknown> = Promise.resolve();

  const held = async <T>(signal: AbortSignal, talk: (dialogue: Dialogue) => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    screen?.hold();
    try {
      await forget(input, options.interrupt);
      signal.throwIfAborted();
      return await talk({
        print: (lines) => void output.write(lines.map((line) => `${line}\n`).join('')),
        read: (prompt) => readLine(options, prompt, signal),
      });
    } finally {
      screen?.release();
    }
  };

  return {
    talk(signal, talk) {
      const turn = last.then(() => held(signal, talk));
      // The next one comes on whatever became of this one.
      last = turn.catch(() => {});
      return turn;
    },
  };
}

/** What was typed before the question stood there is no answer to it: a permission must not be given by an old key press. */
async function forget(input: NodeJS.ReadStream, interrupt: () => void): Promise<void> {
  if (!input.isTTY) return;
  const onData = (data: Buffer | string): void => {
    if (data.includes('\u0003')) interrupt();
  };
  input.setRawMode(true);
  input.on('data', onData);
  input.resume();
  // What the kernel holds comes within a turn of the event loop; this is many.
  await sleep(25);
  input.off('data', onData);
  input.pause();
  input.setRawMode(false);
}

function readLine(
  { input, output, interrupt }: DeskOptions,
  prompt: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const reader = createInterface({ input, output, terminal: input.isTTY === true, historySize: 0 });
    let ended = false;
    const end = (settle: () => void): void => {
      if (ended) return;
      ended = true;
      signal.removeEventListener('abort', onAbort);
      reader.close();
      settle();
    };
    const onAbort = (): void =>
      end(() => {
        output.write('\n');
        reject(signal.reason as Error);
      });
    signal.addEventListener('abort', onAbort, { once: true });
    reader.on('SIGINT', interrupt);
    reader.on('close', () =>
      end(() => {
        output.write('\n');
        resolve(undefined);
      }),
    );
    reader.question(prompt, (answer) => end(() => resolve(answer)));
  });
}
