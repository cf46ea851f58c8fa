import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { reasonOf, UserError } from '../../core/errors.ts';
import { version } from '../../core/version.ts';
import { askServer, serveOverStdio } from '../../node/askServer.ts';
import type { OtherTool } from '../../node/askServer.ts';
import { runServer } from '../program.ts';
import { askWithKey, type KeysOptions } from './ask.ts';
import { hide } from './hide.ts';
import { type Address, keyOf, modelsOf, providersOf } from './providers.ts';
import { listMs, reach } from './reach.ts';
import { openSessions } from './sessions.ts';

const usage = `Reaches models with a provider's key, as an MCP server with the tool \`ask\`.

  keys [--address NAME=URL …] [--key NAME=VARIABLE …]

  --address   another address: of OpenAI's chat completions (Ollama, LM Studio, vLLM), or for one of
              openai, anthropic, google, xai, openrouter instead of its own
  --key       the environment variable that holds the key of NAME

Keys are read from the environment: OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, XAI_API_KEY,
OPENROUTER_API_KEY. A route names its provider as \`agent\`. It ends when its stdin ends.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      address: { type: 'string', multiple: true, default: [] },
      key: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  // The SDK would warn on stdout, which belongs to the protocol.
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false;
  const options: KeysOptions = {
    providers: providersOf(addressesOf(values.address, values.key)),
    env: process.env,
    sessions: openSessions(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }),
    now: Date.now,
    withoutTools: new Set(),
  };
  await serveOverStdio(
    askServer({
      name: 'keys',
      version,
      title: 'Ask a model with a key',
      description:
        "Asks a model with the person's key for its provider. Reads the working folder for it; a writer's edits come back in the result.",
      onAsk: (input, stage) => askWithKey(options, input, stage),
      tools: [reach(options), providersTool(options)],
    }),
  );
}

function providersTool(options: KeysOptions): OtherTool {
  return {
    name: 'providers',
    description: 'Lists the providers: whose keys are there, and with `live` the models that each offers now.',
    input: z.object({ live: z.boolean().default(false) }),
    async run(args, signal) {
      const { live } = args as { live: boolean };
      const limit = AbortSignal.any([signal, AbortSignal.timeout(listMs)]);
      const providers = await Promise.all(
        options.providers.map(async (provider) => {
          const key = keyOf(provider, options.env);
          const { name, title, url, keys, page } = provider;
          const said = { name, title, url, keys, ready: key !== undefined, ...(page !== undefined && { page }) };
          if (!live || key === undefined) return said;
          try {
            return { ...said, models: (await modelsOf(provider, key, limit)).models };
          } catch (error) {
            signal.throwIfAborted();
            return { ...said, problem: hide(reasonOf(error), key) };
          }
        }),
      );
      return { providers };
    },
  };
}

function addressesOf(addresses: readonly string[], keys: readonly string[]): Address[] {
  const variables = new Map(keys.map((text) => pair('--key', text)));
  for (const [name, variable] of variables)
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable))
      throw new UserError('usage', `--key ${name} takes the name of an environment variable, never the key itself.`);
  const found = new Map(addresses.map((text) => pair('--address', text)));
  return [...found].map(([name, address]) => {
    if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
      throw new UserError('usage', `--address ${name} takes a URL, not ${address}.`);
    const url = address.replace(/\/+$/, '');
    return { name, url, key: variables.get(name) };
  });
}

function pair(option: string, text: string): [string, string] {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at < 1 || !/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new UserError('usage', `${option} takes NAME=…, the name in lower case letters, digits and hyphens.`);
  return [name, text.slice(at + 1)];
}

// A stream that breaks leaves rejections inside the SDK that nobody can wait for; the calls are told by their own. Their
// text may hold a prompt, and is not printed.
process.on('unhandledRejection', (error) => {
  process.stderr.write(`keys: a stray ${error instanceof Error ? error.name : 'rejection'}\n`);
});

await runServer(main);
