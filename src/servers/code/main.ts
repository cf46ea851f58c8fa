import { UserError } from '../../core/errors.ts';
import { openCode } from '../../node/memory/code/serena.ts';
import { codeSettingsSchema, type CodeSettings } from '../../node/memory/code/settings.ts';
import { serveTools } from '../../node/toolServer.ts';
import { runServer } from '../program.ts';
import { codeTools } from './tools.ts';

/**
 * The code of one working folder for one model: an MCP server over stdio in front of a Serena that only looks, which is started when a tool
 * is first called. It ends, with all that it started, when its stdin ends.
 */

function settingsOf(env: NodeJS.ProcessEnv): CodeSettings {
  try {
    return codeSettingsSchema.parse(JSON.parse(env['ORCHESTRA_CODE'] ?? ''));
  } catch {
    throw new UserError('usage', 'These are the code tools of a run of Model Orchestra: a run starts them.');
  }
}

async function serve(): Promise<void> {
  const { command, args, ...rest } = settingsOf(process.env);
  const code = openCode({ ...rest, program: { command, args }, env: process.env, debug: () => {} });
  try {
    await serveTools('code', codeTools(code));
  } finally {
    await code.end();
  }
}

await runServer(serve);
