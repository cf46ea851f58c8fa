import { UserError } from '../../core/errors.ts';
import { type CallControl, routeName } from '../../core/run/control.ts';
import type { CallState, RunState } from '../../core/run/state.ts';
import { oneLine } from '../../core/words/plain.ts';
import { type CliCommand, type CliOptions, textOf } from '../command.ts';
import { takesWords, withProject } from '../session.ts';

const roleOptions = [
  ['--role <role>', 'the role whose call is meant; all of its calls under way'],
  ['--call <call>', 'one call by its key, as `orchestra show --json` has it'],
] as const;

/** Moves a call under way on to its next route. */
export const moveCommand: CliCommand = {
  usage: 'move [run]',
  summary: "move a role's call under way on to its next route",
  options: roleOptions,
  run: ([run], options) => controlCalls('move', run, options),
};

/** Has a call under way tried again over the same route. */
export const retryCommand: CliCommand = {
  usage: 'retry [run]',
  summary: "break a role's call under way off and try it again over the same route",
  options: roleOptions,
  run: ([run], options) => controlCalls('retry', run, options),
};

/** Keeps a run off a route from its next attempt on. */
export const offCommand: CliCommand = {
  usage: 'off <route>',
  summary: 'keep a run off a route from its next attempt on, until it ends',
  options: [
    ['--run <run>', 'which run; the youngest without it'],
    ['--back', 'use the route again'],
  ],
  help: 'A route is called by its server, and where that has several by the agent too: orchestra off agents/gemini',
  async run([route = ''], options) {
    return withProject({}, async ({ project }) => {
      const [server = '', agent, ...more] = route.split('/');
      if (server === '' || agent === '' || more.length > 0)
        throw new UserError('usage', `"${route}" is no route.`, { hint: 'orchestra off agents/gemini' });
      const info = await project.find(textOf(options, 'run'));
      const kind = options['back'] === true ? 'use' : 'leave';
      await project.control(info.id, { kind, server, ...(agent !== undefined && { agent }) });
      const name = oneLine(routeName({ server, agent }));
      const done = kind === 'use' ? `Run ${info.id} may use ${name} again` : `Run ${info.id} stays off ${name}`;
      process.stderr.write(takesWords(info) ? `${done}.\n` : `${done} when it is resumed: it is not running now.\n`);
      return 0;
    });
  },
};

/** Says it to the calls under way that the options name, and gives the exit code. */
export async function controlCalls(
  kind: CallControl['kind'],
  words: string | undefined,
  options: CliOptions,
): Promise<number> {
  return withProject({}, async ({ project }) => {
    const info = await project.find(words);
    // What a crash cut off still stands there as under way.
    if (!takesWords(info))
      throw new UserError(
        'not-under-way',
        `Run ${info.id} is not running (${info.state}): no call of it is under way.`,
      );
    const { state } = await project.show(info.id);
    const meant = callsMeant(state, textOf(options, 'role'), textOf(options, 'call'));
    for (const { call } of meant) await project.control(info.id, { kind, call });
    const names = meant.map((call) => `${oneLine(call.role)} (${oneLine(call.title)})`).join(', ');
    process.stderr.write(`Asked run ${info.id} to ${kind} ${names}.\n`);
    return 0;
  });
}

function callsMeant(state: RunState, role: string | undefined, key: string | undefined): readonly CallState[] {
  const open = Object.values(state.calls).filter((call) => call.state === 'working' || call.state === 'waiting');
  const now = open.map((call) => oneLine(call.role)).join(', ') || 'nobody';
  if (role === undefined && key === undefined)
    throw new UserError('usage', 'Whose call is meant?', { hint: `--role <role>; at work now: ${now}.` });
  const meant = open.filter((call) => (key === undefined ? call.role === role : call.call === key));
  if (meant.length > 0) return meant;
  throw new UserError('not-under-way', `No call of ${JSON.stringify(key ?? role)} is under way.`, {
    hint: `At work now: ${now}.`,
  });
}
