import { once } from 'node:events';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult, ServerNotification, ServerRequest, Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import {
  askCallKey,
  askInputSchema,
  askOutputSchema,
  askPermissionAnswerSchema,
  askPermissionKey,
  askProgressKey,
  reachInputSchema,
  reachTool,
} from '../core/ask.ts';
import type {
  AskCallRef,
  AskFailure,
  AskInput,
  AskOutput,
  AskPermission,
  AskProgress,
  Failure,
  ReachInput,
  ReachOutput,
  Usage,
} from '../core/ask.ts';

/** The MCP face of every bundled server: the tool `ask` with its contract, and what else a server offers. */

/** What the protocol offers while a call runs. */
export interface AskStage {
  /** Fires when the client cancels the call or goes away. */
  readonly signal: AbortSignal;
  progress(progress: AskProgress): Promise<void>;
  /** No, too, when there is nobody to ask. `signal` takes the question back; then it rejects with its reason. */
  permit(permission: AskPermission, signal?: AbortSignal): Promise<'once' | 'run' | 'no'>;
}

/** How a call ends. `rpc-error` is a JSON-RPC error instead of a result. */
export type Ending =
  | { readonly type: 'answer'; readonly output: AskOutput }
  | { readonly type: 'failure'; readonly failure: Failure; readonly usage?: Usage | undefined }
  | { readonly type: 'rpc-error'; readonly message: string };

/** A tool besides `ask`. */
export interface OtherTool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType;
  /** Gets what `input` made of the arguments. Gives the `structuredContent`; what it throws is told as a failure. */
  run(args: unknown, signal: AbortSignal): Promise<Record<string, unknown>>;
}

/** The tool `reach`, as a server of the contract offers it. */
export function reachToolOf(
  description: string,
  reached: (input: ReachInput, signal: AbortSignal) => Promise<Partial<ReachOutput>>,
): OtherTool {
  return {
    name: reachTool,
    description,
    input: reachInputSchema,
    run: (args, signal) => reached(args as ReachInput, signal),
  };
}

export interface AskServerOptions {
  readonly name: string;
  readonly version: string;
  /** Of the tool `ask`, for people. */
  readonly title: string;
  readonly description: string;
  /** Answers one call. Rejects only with the signal's reason. */
  readonly onAsk: (input: AskInput, stage: AskStage) => Promise<Ending>;
  readonly tools?: readonly OtherTool[];
}

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A person may think for long; the call's own signal ends the wait. */
const never = 2 ** 31 - 1;
const maxMessageBytes = 256 * 1024 * 1024;

/** An MCP server that speaks the `ask` contract, not connected yet. */
export function askServer(options: AskServerOptions): Server {
  const { name, version, title, description, onAsk } = options;
  const others = options.tools ?? [];
  const askTool: Tool = {
    name: 'ask',
    title,
    description,
    inputSchema: z.toJSONSchema(askInputSchema, { io: 'input' }) as Tool['inputSchema'],
    outputSchema: z.toJSONSchema(askOutputSchema) as NonNullable<Tool['outputSchema']>,
  };
  const listed = others.map((tool): Tool => ({
    name: tool.name,
    description: tool.description,
    inputSchema: z.toJSONSchema(tool.input, { io: 'input' }) as Tool['inputSchema'],
  }));
  const server = new Server({ name, version }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [askTool, ...listed] }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra): Promise<CallToolResult> => {
    const other = others.find((tool) => tool.name === params.name);
    if (other) return runOther(other, params.arguments, extra.signal);
    if (params.name !== 'ask') {
      const names = [askTool, ...listed].map((tool) => `\`${tool.name}\``).join(', ');
      throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}, only ${names}.`);
    }
    const input = askInputSchema.safeParse(params.arguments);
    if (!input.success) return notWhat('ask', input.error);
    const ending = await onAsk(input.data, stageFor(input.data, extra));
    switch (ending.type) {
      case 'answer':
        // The text is in structuredContent; twice it would only be double the bytes.
        return { content: [], structuredContent: ending.output };
      case 'failure':
        return failed({ failure: ending.failure, ...(ending.usage && { usage: ending.usage }) });
      case 'rpc-error':
        throw new McpError(ErrorCode.InternalError, ending.message);
    }
  });
  return server;
}

async function runOther(tool: OtherTool, args: unknown, signal: AbortSignal): Promise<CallToolResult> {
  const input = tool.input.safeParse(args ?? {});
  if (!input.success) return notWhat(tool.name, input.error);
  try {
    const structuredContent = await tool.run(input.data, signal);
    // Other hosts than ours show only the text.
    return { content: [{ type: 'text', text: JSON.stringify(structuredContent, null, 2) }], structuredContent };
  } catch (error) {
    signal.throwIfAborted();
    return failed({ failure: { kind: 'error', message: error instanceof Error ? error.message : String(error) } });
  }
}

function notWhat(tool: string, error: z.ZodError): CallToolResult {
  return failed({
    failure: { kind: 'protocol', message: `Not what \`${tool}\` takes: ${z.prettifyError(error)}` },
  });
}

function failed(failure: AskFailure): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: failure.failure.message }],
    structuredContent: { ...failure },
  };
}

function stageFor(input: AskInput, extra: Extra): AskStage {
  const progressToken = extra._meta?.progressToken;
  const { run, key, attempt } = input.call;
  const callRef: AskCallRef = { run, key, attempt };
  let sent = 0;
  return {
    signal: extra.signal,
    async progress(progress) {
      if (progressToken === undefined) return;
      // `message` is for clients that do not know our `_meta`.
      const message = progress.kind === 'text' || progress.kind === 'thought' ? progress.text : progress.kind;
      const params = { progressToken, progress: ++sent, message, _meta: { [askProgressKey]: progress } };
      await extra.sendNotification({ method: 'notifications/progress', params });
    },
    async permit(permission, taken) {
      const signal = taken === undefined ? extra.signal : AbortSignal.any([extra.signal, taken]);
      const params = {
        mode: 'form' as const,
        message: `${permission.title}\n${permission.detail}`,
        requestedSchema: {
          type: 'object' as const,
          properties: {
            answer: { type: 'string' as const, title: 'For how long', enum: ['once', 'run'], default: 'once' },
          },
        },
        _meta: { [askPermissionKey]: permission, [askCallKey]: callRef },
      };
      try {
        const options = { signal, timeout: never };
        const answer = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema, options);
        if (answer.action !== 'accept') return 'no';
        return askPermissionAnswerSchema.safeParse(answer.content).data?.answer ?? 'once';
      } catch {
        // A client without elicitation has nobody to ask.
        signal.throwIfAborted();
        return 'no';
      }
    },
  };
}

/** Serves over stdin and stdout until stdin ends. */
export async function serveOverStdio(server: Server): Promise<void> {
  const ended = once(process.stdin, 'end');
  await server.connect(new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: maxMessageBytes }));
  await ended;
  await server.close();
}
