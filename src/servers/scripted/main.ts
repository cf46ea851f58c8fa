import { once } from 'node:events';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { runServer } from '../program.ts';
import { openCounter } from './count.ts';
import { loadScript } from './load.ts';
import { choose, factsOf, promptParts } from './match.ts';
import { serveHttp, serveStdio } from './mcpServer.ts';
import type { OnAsk } from './mcpServer.ts';
import { play } from './play.ts';
import { scriptSchema } from './script.ts';

const usage = `Plays the models of a team from a script, as an MCP server with the tool \`ask\`.

  scripted --script FILE [--name NAME] [--count FILE] [--tempo FACTOR] [--http PORT --token TOKEN]
  scripted --check FILE    says what is wrong with a script
  scripted --schema        prints the JSON schema of scripts

  --name    what \`match.server\` is compared with; default \`scripted\`
  --count   appends a JSON line per call that starts, finishes, fails or is cancelled
  --tempo   multiplies all delays and waits; 0 plays without any
  --http    Streamable HTTP on 127.0.0.1 instead of stdio; 0 takes any port, printed on stderr

It ends when its stdin ends.
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      script: { type: 'string' },
      check: { type: 'string' },
      schema: { type: 'boolean' },
      name: { type: 'string', default: 'scripted' },
      count: { type: 'string' },
      tempo: { type: 'string', default: '1' },
      http: { type: 'string' },
      token: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return void process.stdout.write(usage);
  if (values.schema)
    return void process.stdout.write(`${JSON.stringify(z.toJSONSchema(scriptSchema, { io: 'input' }), null, 2)}\n`);
  if (values.check !== undefined) return void (await loadScript(values.check));
  if (values.script === undefined) throw new UserError('usage', `There is no --script.\n\n${usage}`);

  const script = await loadScript(values.script);
  const tempo = numberOf('--tempo', values.tempo);
  const counter = openCounter(values.count === undefined ? undefined : resolve(values.count));
  const { name } = values;

  const onAsk: OnAsk = async (input, stage) => {
    const call = factsOf(input, name);
    const choice = choose(script, call, counter.started());
    const prompts = promptParts(script, input.prompt);
    counter.count('started', call, prompts);
    if (!choice) {
      counter.count('failed', call, prompts);
      const message = `The script has no part for ${call.key} (${call.role}, ${call.kind}, ${call.model}).`;
      return { type: 'failure', failure: { kind: 'error', message } };
    }
    try {
      const ending = await play(script, choice, input, stage, { tempo });
      counter.count(ending.type === 'answer' ? 'finished' : 'failed', call, prompts);
      return ending;
    } catch (error) {
      counter.count('cancelled', call, prompts);
      throw error;
    }
  };

  if (values.http === undefined) return serveStdio(name, onAsk);
  if (!values.token)
    throw new UserError('usage', 'Over HTTP a --token is needed: everyone on this machine can reach the port.');
  const end = new AbortController();
  process.stdin.resume();
  const served = serveHttp(name, onAsk, {
    port: numberOf('--http', values.http),
    token: values.token,
    signal: end.signal,
    onListening: (url) => void process.stderr.write(`listening on ${url}\n`),
  });
  await Promise.race([served, once(process.stdin, 'end')]);
  end.abort();
  return served;
}

function numberOf(option: string, text: string): number {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number) || number < 0)
    throw new UserError('usage', `${option} takes a number, not ${text}.`);
  return number;
}

await runServer(main);
