import { linesPresenter } from './present/lines.ts';
import { jsonPresenter } from './present/json.ts';
import type { Presenter } from './present/presenter.ts';
import { ttyPresenter } from './present/tty.ts';
import { type Desk, terminalDesk } from './desk.ts';
import type { Interruption } from './interruption.ts';
import { Screen } from './screen.ts';
import { lookOf } from './terminal.ts';
import type { Look } from './view/look.ts';

/** Where a command prints and asks. */
export interface Output {
  readonly presenter: Presenter;
  /** Absent where nobody can be asked. */
  readonly desk: Desk | undefined;
  readonly look: () => Look;
  close(): void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly titles: Look['titles'];
  readonly interruption: Interruption;
  readonly diff: (run: string) => Promise<string>;
  /** Said after what wants the person, where it cannot be answered here. */
  readonly where?: string;
  /** The person is asked here, where there is a terminal. */
  readonly asks?: boolean;
  /** The run is gone when this process ends. */
  readonly passing?: boolean;
}

/** The output for what stdout is: a terminal is drawn on, a pipe gets a line an event, `--json` a JSON event a line. */
export function openOutput(options: OutputOptions): Output {
  const { json, titles, interruption } = options;
  const { stdin, stdout, stderr } = process;
  const note = (line: string): void => void stderr.write(`${line}\n`);
  const write = (line: string): void => void stdout.write(`${line}\n`);
  if (json || !stdout.isTTY) {
    const look = (): Look => lookOf(stderr, titles);
    const asks = stdin.isTTY === true && stderr.isTTY === true;
    const desk = asks ? terminalDesk({ input: stdin, output: stderr, interrupt: interruption.interrupt }) : undefined;
    const presenter = json
      ? jsonPresenter(write, note)
      : linesPresenter(write, note, { ...lookOf(stdout, titles), color: false });
    return { presenter, desk, look, close: () => presenter.close() };
  }
  return terminalOutput(options);
}

function terminalOutput({ titles, interruption, diff, where, passing = false, asks = false }: OutputOptions): Output {
  const { stdin, stdout } = process;
  const screen = new Screen(stdout);
  // A column stays free: terminals differ in what a full line does.
  const look = (): Look => {
    const seen = lookOf(stdout, titles);
    return { ...seen, width: seen.width - 1 };
  };
  const presenter = ttyPresenter({
    screen,
    look,
    now: Date.now,
    diff,
    passing,
    asks: asks && stdin.isTTY === true,
    ...(where !== undefined && { where }),
  });
  const desk =
    stdin.isTTY === true
      ? terminalDesk({ input: stdin, output: stdout, screen, interrupt: interruption.interrupt })
      : undefined;

  const ending = (): void => screen.close();
  const stopped = (): void => {
    screen.suspend();
    process.kill(process.pid, 'SIGSTOP');
  };
  const continued = (): void => screen.restart();
  stdout.on('resize', presenter.redraw);
  process.on('exit', ending);
  if (process.platform !== 'win32') {
    process.on('SIGTSTP', stopped);
    process.on('SIGCONT', continued);
  }
  return {
    presenter,
    desk,
    look,
    close() {
      presenter.close();
      stdout.off('resize', presenter.redraw);
      process.off('exit', ending);
      process.off('SIGTSTP', stopped);
      process.off('SIGCONT', continued);
    },
  };
}
