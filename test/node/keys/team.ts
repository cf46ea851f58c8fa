import { calls, says, type Answer, type Asked, type Script } from '../../standin/reply.ts';

/** A whole team played by one stand-in: what it answers follows from the prompt alone, whoever asks and in whatever dialect. */

const json = (value: unknown): Answer => says(`\`\`\`json\n${JSON.stringify(value)}\n\`\`\``);

/** Ids of findings that stand in what the model was told. */
const findingsIn = ({ conversation }: Asked): string[] => [
  ...new Set([...conversation.matchAll(/\[([a-z-]+\.\d+)\]/g)].map((m) => m[1] as string)),
];

/** Plays a core team that makes `shout` louder in `src/words.js`. */
export const shoutTeam: Script = (asked) => {
  const now = asked.conversation.slice(asked.conversation.lastIndexOf('\nNow: '));
  if (now.startsWith('\nNow: decide who works'))
    return json({ title: 'Louder', size: 'core', why: 'It is the design.' });
  if (now.startsWith('\nNow: analyse'))
    return json({
      summary: 'The mark is too short.',
      findings: [
        {
          claim: 'One mark is not loud.',
          evidence: [{ kind: 'file', path: 'src/words.js', line: 1, quote: 'export const mark = "!";' }],
        },
      ],
    });
  if (now.startsWith('\nNow: make one plan'))
    return json({
      goal: 'Be louder.',
      items: [
        {
          id: 'mark',
          title: 'A longer mark',
          what: 'Make the mark three times as long.',
          owners: ['implementer'],
          paths: ['src/**'],
          findings: findingsIn(asked),
        },
      ],
    });
  if (/^\nNow: (do|mend) /.test(now)) {
    if (asked.turn === 0) return calls([{ name: 'read_file', input: { path: 'src/words.js' } }], 'I look first. ');
    if (asked.turn === 1)
      return calls([{ name: 'replace_in_file', input: { path: 'src/words.js', old: '"!"', new: '"!!!"' } }]);
    return json({ summary: 'The mark is longer.' });
  }
  if (/^\nNow: .*documentation/.test(now)) return json({ summary: 'It shouts louder now.' });
  return json({ criteria: ['It is louder.'] });
};
