import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { askServer, serveOverStdio } from '../../node/askServer.ts';
import { runServer } from '../program.ts';
import { describeAgent, reachAgent } from './inquire.ts';
import type { BoxSetting } from './box.ts';
import { genericProfile, profiles } from './profiles.ts';
import type { Profile } from './profiles.ts';
import { openService } from './service.ts';

const usage = `One agent behind MCP: the tools \`ask\`, \`agents\`, \`reach\` and \`close\`.

  agents AGENT                                    one of ${Object.keys(profiles).join(', ')}
  agents AGENT --command PROGRAM [-- ARGUMENTS]   any that speaks the Agent Client Protocol

  --sandbox auto|on|off    confines the agent where bubblewrap or sandbox-exec is; auto: where that was tried

It ends when its stdin ends.
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      command: { type: 'string' },
      sandbox: { type: 'string', default: 'auto' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UserError('usage', `Which agent?\n\n${usage}`);
  const profile = profileOf(name, values.command, rest);
  const sandbox = sandboxOf(values.sandbox);
  const service = openService({
    profile,
    env: process.env,
    cwd: tmpdir(),
    sandbox,
    debug: (message) => void (process.env['ORCHESTRA_DEBUG'] && process.stderr.write(`${message}\n`)),
  });
  const inquire = { profile, env: process.env, service, sandbox };
  const server = askServer({
    name: `agents ${name}`,
    version: '1',
    title: `Ask ${profile.title}`,
    description: `Asks ${profile.title}. Streams as progress, asks permissions as elicitation.`,
    onAsk: (input, stage) => service.ask(input, stage),
    tools: [
      reachAgent(inquire),
      describeAgent(inquire),
      {
        name: 'close',
        description: 'Closes a session and ends what it started.',
        input: z.object({ session: z.string() }),
        run: async (args) => ({ closed: await service.close((args as { session: string }).session) }),
      },
    ],
  });
  try {
    await serveOverStdio(server);
  } finally {
    await service.end();
  }
}

function sandboxOf(text: string): BoxSetting {
  if (text === 'auto' || text === 'on' || text === 'off') return text;
  throw new UserError('usage', `--sandbox takes auto, on or off, not ${text}.`);
}

function profileOf(name: string, command: string | undefined, args: readonly string[]): Profile {
  if (command !== undefined) return genericProfile(name, command, args);
  const known = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (known) return known;
  throw new UserError('usage', `No agent is called ${name}. There are: ${Object.keys(profiles).join(', ')}.`, {
    hint: 'Any other is given by its command: see --help.',
  });
}

await runServer(main);
