import { UserError } from '../../core/errors.ts';
import type { JournalRecord } from '../../core/run/events.ts';
import type { FoundMessage } from '../../node/memory/messages.ts';
import type { Project } from '../../node/project.ts';
import { type CliCommand, textOf } from '../command.ts';
import { untilOver } from '../following.ts';
import { safe } from '../jsonEvents.ts';
import { withProject } from '../session.ts';
import { lookOf } from '../terminal.ts';
import { messageLines } from '../view/bus.ts';

/** What the roles, the engine and the person said to each other. */
export const busCommand: CliCommand = {
  usage: 'bus [run]',
  summary: 'the messages of a run: what the roles say to each other, and you to them',
  options: [
    ['--follow', 'wait for more, until the run ends'],
    ['--full', 'every message in full'],
    ['--message <number>', 'only this one, in full'],
    ['--json', 'one JSON object a line'],
  ],
  help: 'The same messages are files in .serena/memories/orch/<run>/m. orchestra say adds yours.',
  async run([words], options) {
    const only = numberOf(textOf(options, 'message'));
    return withProject({}, async ({ project, interruption, signal }) => {
      const { id } = await project.find(words);
      const look = lookOf(process.stdout);
      const full = options['full'] === true || only !== undefined;
      let shown = 0;
      const show = (message: FoundMessage): void => {
        if (only !== undefined && message.seq !== only) return;
        shown += 1;
        const lines =
          options['json'] === true ? [safe({ run: id, ...message })] : messageLines(message, look, { full });
        process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      };
      if (options['follow'] === true) await follow(project, id, signal, interruption.interrupt, show);
      else for (const message of await messagesOf(project, id)) show(message);
      if (shown === 0 && options['follow'] !== true)
        process.stderr.write(
          only === undefined ? `Run ${id} has no message yet.\n` : `Run ${id} has no message ${only}.\n`,
        );
      return 0;
    });
  },
};

/** Those of the journal; where that cannot be read, those that lie among the memories. */
async function messagesOf(project: Project, run: string): Promise<FoundMessage[]> {
  const records = await project.show(run).then(
    (shown) => shown.records,
    () => [],
  );
  if (records.length > 0) return records.flatMap((record) => messageIn(record) ?? []);
  const found = await project.messagesInMemories(run);
  if (found.length > 0) process.stderr.write(`The journal of ${run} cannot be read. This is what its memories hold.\n`);
  return found;
}

async function follow(
  project: Project,
  run: string,
  signal: AbortSignal,
  interrupt: () => void,
  show: (message: FoundMessage) => void,
): Promise<void> {
  process.stdout.once('error', interrupt);
  try {
    for await (const record of untilOver(project, run, signal)) {
      const message = messageIn(record);
      if (message) show(message);
    }
  } finally {
    process.stdout.off('error', interrupt);
  }
}

function messageIn({ event, at }: JournalRecord): FoundMessage | undefined {
  if (event.type !== 'message.posted') return undefined;
  const { seq, from, to, kind, subject, body, verified, re } = event;
  return { seq, at, from, to, kind, subject, body, verified, re };
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text.replace(/^#/, ''));
  if (!Number.isInteger(number) || number < 1)
    throw new UserError('usage', `--message takes the number of a message, not "${text}".`);
  return number;
}
