import type { Access, AskPermission } from '../ask.ts';
import type { TeamFile } from '../team/file.ts';

/** What the policy says without asking anybody. `ask`: the person decides. */
export type Policy = 'pass' | 'refuse' | 'ask';

/** Programs that only read, with the options that keep them so; anything else in their arguments is asked about. */
const readers: Readonly<Record<string, RegExp>> = {
  pwd: /^$/,
  ls: /^-[alhR1]+$/,
  cat: /^-n$/,
  head: /^-n?\d*$/,
  tail: /^-n?\d*$/,
  wc: /^-[lwc]+$/,
  'git status': /^(-s|--short|--porcelain)$/,
  'git log': /^(--oneline|-n|-n?\d+|--stat)$/,
  'git diff': /^(--stat|--cached)$/,
};

/**
 * Permission policy: edits in the own workspace pass (its content is judged later), commands pass when they are a check,
 * on the person's list, allowed for this run, or a plain reading of files inside the workspace; the rest is asked.
 */
export function policyOf(
  request: AskPermission,
  access: Access,
  team: Pick<TeamFile, 'checks' | 'commands'>,
  allowed: readonly string[],
): Policy {
  if (request.kind === 'edit') return access === 'write' ? 'pass' : 'refuse';
  if (request.kind !== 'command') return 'ask';
  const line = request.detail.trim();
  if (allowed.includes(request.detail) || team.commands.includes(line) || team.checks.some((c) => c.run === line))
    return 'pass';
  return onlyReads(line) ? 'pass' : 'ask';
}

/** True for a command line that names no shell syntax, no path outside the workspace and no option beyond the reader's own. */
export function onlyReads(line: string): boolean {
  if (!/^[A-Za-z0-9_./@ -]+$/.test(line)) return false;
  const words = line.split(/ +/).filter((w) => w !== '');
  const two = words.slice(0, 2).join(' ');
  const name = words[0] === 'git' ? two : (words[0] ?? '');
  const options = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (!options) return false;
  const rest = words.slice(name === two ? 2 : 1);
  return rest.every((word) =>
    word.startsWith('-')
      ? options.test(word)
      : !word.startsWith('/') &&
        // In any case: file systems that do not tell cases apart would open them all the same.
        !word
          .toLowerCase()
          .split('/')
          .some((s) => s === '..' || s.startsWith('.git') || s.startsWith('.env')),
  );
}
