import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { serveTools } from '../../node/toolServer.ts';
import { runServer } from '../program.ts';
import { busTools, type Caller } from './tools.ts';

/**
 * The bus for one model in one session: an MCP server over stdio that keeps nothing. It reads the messages where they lie, and what it posts
 * it leaves for the process that owns the run, proved by the token of the call that is under way. It ends when its stdin ends.
 */

const environment = z.object({
  ORCHESTRA_BUS_ROOT: z.string().min(1),
  ORCHESTRA_BUS_RUN: z.string().min(1),
  ORCHESTRA_BUS_ROLE: z.string().min(1),
  ORCHESTRA_BUS_SEAT: z.string().min(1),
  ORCHESTRA_BUS_KEY: z.string().min(1),
  ORCHESTRA_BUS_MOST: z.coerce.number().int().nonnegative(),
});

function callerOf(env: NodeJS.ProcessEnv): Caller {
  const found = environment.safeParse(env);
  if (!found.success)
    throw new UserError(
      'usage',
      'This is the bus of a run of Model Orchestra: a run starts it, for the calls of one session with a model.',
    );
  const e = found.data;
  return {
    root: e.ORCHESTRA_BUS_ROOT,
    run: e.ORCHESTRA_BUS_RUN,
    role: e.ORCHESTRA_BUS_ROLE,
    seat: { path: e.ORCHESTRA_BUS_SEAT, key: e.ORCHESTRA_BUS_KEY },
    most: e.ORCHESTRA_BUS_MOST,
  };
}

await runServer(() => serveTools('bus', busTools(callerOf(process.env))));
