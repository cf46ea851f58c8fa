import { UserError } from '../../core/errors.ts';
import type { Wanted } from '../../core/team/approvals.ts';
import { profileFolder } from '../../node/paths.ts';
import { teamOf } from '../../node/team/inForce.ts';
import { approve, isTrusted, type Place, trustFolder, untrustFolder } from '../../node/team/trust.ts';
import type { CliCommand } from '../command.ts';
import { type Desk, terminalDesk } from '../desk.ts';
import { type Session, withProject } from '../session.ts';
import { lookOf } from '../terminal.ts';
import { exactLines, glyph, paint, wrap, type Look } from '../view/look.ts';
import { wantedTitle } from '../../core/words/consent.ts';
import { oneLine, visible } from '../../core/words/plain.ts';

/** Trusts the folder, and approves one by one what it brings. */
export const trustCommand: CliCommand = {
  usage: 'trust',
  summary: 'trust this folder: read its team file, and approve its servers and commands one by one',
  options: [['--remove', 'take the trust back, and every approval with it']],
  help: 'Approvals hold for the exact content: one character changed, and it is asked again. There is no --yes.',
  async run(_args, options) {
    return withProject({}, async (session) => {
      const place: Place = { profile: profileFolder(), root: session.project.root, signal: session.signal };
      if (options['remove'] === true) {
        await untrustFolder(place);
        process.stdout.write(`${visible(place.root)} is not trusted any more.\n`);
        return 0;
      }
      return trust(place, session);
    });
  },
};

async function trust(place: Place, { interruption, signal }: Session): Promise<number> {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new UserError('no-terminal', 'Trust is given in a terminal, by you.', {
      hint: 'Run orchestra trust in one.',
    });
  const look = lookOf(stdout);
  const desk = terminalDesk({ input: stdin, output: stdout, interrupt: interruption.interrupt });
  const print = (lines: readonly string[]): void => void stdout.write(lines.map((line) => `${line}\n`).join(''));

  if (!(await isTrusted(place))) {
    print([
      paint(look, 'accent', `${glyph(look, 'wants')} Trust ${visible(place.root)}?`),
      ...wrap(
        look,
        'Its team file is read from then on. What it brings that can run something is asked for one by one; until you approve it, it does nothing.',
        '  ',
      ),
    ]);
    if (!(await yes(desk, signal, 'Trust this folder'))) {
      print(['Nothing was changed.']);
      return 3;
    }
    await trustFolder(place);
  }
  const team = await teamOf(place.root, { signal });
  print(team.notes.flatMap((note) => wrap(look, oneLine(note), '  ')));
  if (team.missing.length === 0) {
    print([`${visible(place.root)} is trusted; nothing waits for your approval.`]);
    return 0;
  }
  let refused = 0;
  for (const [n, item] of team.missing.entries()) {
    print(['', ...wantedLines(item, `${n + 1} of ${team.missing.length}`, look)]);
    if (await yes(desk, signal, 'Approve exactly this')) await approve(place, [item]);
    else refused += 1;
  }
  print([
    '',
    refused === 0
      ? 'Everything is approved.'
      : `${refused} of ${team.missing.length} not approved: not used. orchestra trust asks again.`,
  ]);
  return 0;
}

/** One thing that would come into force, whole, with nothing in it that cannot be seen. */
export function wantedLines(item: Wanted, count: string, look: Look): string[] {
  return [
    paint(look, 'accent', `${glyph(look, 'wants')} ${count}  ${wantedTitle(item)}`),
    ...item.shows.flatMap((line) => exactLines(look, line)),
  ];
}

async function yes(desk: Desk, signal: AbortSignal, question: string): Promise<boolean> {
  return desk.talk(signal, async (dialogue) => {
    for (;;) {
      const typed = await dialogue.read(`  ${question}? y/n > `);
      if (typed === undefined) return false;
      const answer = typed.trim().toLowerCase();
      if (answer === 'y' || answer === 'yes') return true;
      if (answer === 'n' || answer === 'no') return false;
    }
  });
}
