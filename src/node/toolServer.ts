import { once } from 'node:events';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult, Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { reasonOf } from '../core/errors.ts';

/** A tool of a server that is handed to a model. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly schema: z.ZodType;
  readonly readOnly: boolean;
  /** Throws `UserError` for what the model can mend. */
  run(input: unknown, signal: AbortSignal): Promise<{ text: string; refused?: boolean }>;
}

/** Serves these tools as an MCP server over stdio; resolves when its stdin has ended. */
export async function serveTools(name: string, tools: readonly Tool[]): Promise<void> {
  const server = new Server({ name, version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: tools.map(({ name: tool, description, schema, readOnly }) => ({
      name: tool,
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
