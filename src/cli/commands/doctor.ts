import type { Diagnosis } from '../../node/doctor/doctor.ts';
import type { Finding } from '../../node/doctor/finding.ts';
import { type CliCommand, textOf } from '../command.ts';
import { routeName } from '../../core/run/control.ts';
import { exitCodes } from '../exit.ts';
import { safe } from '../jsonEvents.ts';
import { titlesOf, withProject } from '../session.ts';
import { lookOf } from '../terminal.ts';
import { cell, clip, glyph, type Glyph, paint, widthOf, wrap, type Look } from '../view/look.ts';
import { mendWords } from '../../core/words/consent.ts';
import { oneLine } from '../../core/words/plain.ts';
import { castLines, prose } from '../view/team.ts';

/** Says what of the team can be reached from here, and what to do about the rest. Starts servers; spends nothing without `--live`. */
export const doctorCommand: CliCommand = {
  usage: 'doctor',
  summary: 'what of the team can be reached from here, and what to do about the rest',
  options: [
    ['--team <name>', 'a team of the team file'],
    ['--team-file <path>', "a team file in the place of the project's"],
    ['--live', 'make one tiny real call over every route that can be used; it costs a little'],
    ['--fix', 'do what is safe about what was found: fetch adapters, mend the bus, make the folder and a team file'],
    ['--json', 'everything as one JSON object'],
  ],
  help: 'Exit code 0 when a run could start here now, else 1.',
  async run(_args, options) {
    return withProject({}, async ({ project, signal }) => {
      const team = textOf(options, 'team');
      const teamFile = textOf(options, 'teamFile');
      const look = lookOf(process.stdout, await titlesOf(project.root, teamFile, signal));
      if (options['json'] !== true && process.stderr.isTTY)
        process.stderr.write('Asking every route whether it is there …\n');
      const diagnosis = await project.diagnose({
        team,
        teamFile,
        signal,
        live: options['live'] === true,
        fix: options['fix'] === true,
      });
      const text = options['json'] === true ? `${safe(diagnosis)}\n` : `${doctorLines(diagnosis, look).join('\n')}\n`;
      process.stdout.write(text);
      return diagnosis.problem === undefined ? exitCodes.fine : exitCodes.failed;
    });
  },
};

const signs: Record<Finding['state'], Glyph> = { ok: 'done', missing: 'failed', retired: 'waiting', off: 'waiting' };

/** The doctor's tables: the machine, the routes, and the team as it would run today. */
export function doctorLines(diagnosis: Diagnosis, look: Look): string[] {
  const fixed = diagnosis.fixed.flatMap((line) => wrap(prose(look), oneLine(line), '  '));
  const before = fixed.length > 0 ? [paint(look, 'bold', 'Mended'), ...fixed, ''] : [];
  const lines = [...before, paint(look, 'bold', 'This machine'), ...table(diagnosis.machine, look)];
  lines.push('', paint(look, 'bold', 'Models and their routes'), ...table(diagnosis.routes, look));
  for (const note of diagnosis.notes) lines.push(...wrap(prose(look), oneLine(note), '  note: ', '    '));
  lines.push('');
  if (diagnosis.problem !== undefined) {
    lines.push(
      paint(look, 'red', `${glyph(look, 'failed')} No run could start here now`),
      ...wrap(prose(look), oneLine(diagnosis.problem), '  '),
      ...moreLines(diagnosis, look),
    );
    return lines;
  }
  lines.push(paint(look, 'bold', 'The team, as it would run now'), ...castLines(diagnosis.team, look));
  const ways = diagnosis.played.map(
    ({ role, server, agent, id }) => `${role}: ${id} over ${routeName({ server, agent })}`,
  );
  for (const way of ways) lines.push(paint(look, 'dim', clip(look, `  ${oneLine(way)}`)));
  for (const { role, why } of diagnosis.leftOut)
    lines.push(...wrap(prose(look), `left out: ${oneLine(role)}, ${oneLine(why)}`, '  '));
  return [...lines, ...moreLines(diagnosis, look)];
}

/** What one thing more would bring. */
function moreLines({ more }: Diagnosis, look: Look): string[] {
  if (more.length === 0) return [];
  const lines = more.flatMap(({ text, mends }) => {
    return [
      ...wrap(prose(look), oneLine(text), '  '),
      ...wrap(prose(look), oneLine(mendWords(mends) ?? ''), '    ').map((line) => paint(look, 'dim', line)),
    ];
  });
  return ['', paint(look, 'bold', 'What more would bring'), ...lines];
}

function table(findings: readonly Finding[], look: Look): string[] {
  const width =
    Math.min(look.width < 64 ? 24 : 40, Math.max(0, ...findings.map((finding) => widthOf(oneLine(finding.what))))) + 2;
  return findings.flatMap((finding) => {
    const sign = glyph(look, signs[finding.state]);
    const painted =
      finding.state === 'ok'
        ? paint(look, 'green', sign)
        : finding.state === 'missing'
          ? paint(look, 'red', sign)
          : sign;
    const start = `  ${painted} ${cell(look, clip(look, oneLine(finding.what), width - 2), width)}`;
    const command = finding.mends[0]?.command;
    const words = mendWords(finding.mends);
    const mend =
      // What the sentence says already is not said twice.
      words === undefined || (command !== undefined && finding.detail.includes(command))
        ? []
        : wrap(prose(look), oneLine(words), ' '.repeat(width + 4)).map((line) => paint(look, 'dim', line));
    return [...wrap(prose(look), oneLine(finding.detail), start), ...mend];
  });
}
