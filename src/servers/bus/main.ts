import { once } from 'node:events';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult, Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { reasonOf, UserError } from '../../core/errors.ts';
import { runServer } from '../program.ts';
import { busTools, type Caller, type Tool } from './tools.ts';

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

async function callTool(
  tools: readonly Tool[],
  name: string,
  input: unknown,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const told = (text: string, isError = false): CallToolResult => ({ content: [{ type: 'text', text }], isError });
  const tool = tools.find((one) => one.name === name);
  if (!tool) return told(`There is no tool ${name}. There are: ${tools.map((one) => one.name).join(', ')}.`, true);
  try {
    const { text, refused } = await tool.run(input ?? {}, signal);
    return told(text, refused);
  } catch (error) {
    signal.throwIfAborted();
    return told(
      error instanceof z.ZodError ? `That is not what ${name} takes: ${z.prettifyError(error)}` : reasonOf(error),
      true,
    );
  }
}

async function serve(caller: Caller): Promise<void> {
  const tools = busTools(caller);
  const server = new Server({ name: 'bus', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name, description, schema, readOnly }) => ({
      name,
      description,
      inputSchema: z.toJSONSchema(schema, { io: 'input' }) as McpTool['inputSchema'],
      annotations: { readOnlyHint: readOnly, destructiveHint: false, openWorldHint: false },
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
    callTool(tools, params.name, params.arguments, signal),
  );
  const ended = once(process.stdin, 'end');
  await server.connect(new StdioServerTransport());
  await ended;
  await server.close();
}

await runServer(() => serve(callerOf(process.env)));
