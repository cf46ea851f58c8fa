import { createTwoFilesPatch } from 'diff';
import { z } from 'zod';
import type { Access, AskPermission } from '../../core/ask.ts';
import { oneLine } from '../../node/models/text.ts';
import type { Profile } from './profiles.ts';

/** What an agent wants to be allowed, and how it is answered. Pure, but for where a path leads. */

const contentSchema = z.looseObject({
  type: z.string(),
  path: z.string().optional(),
  oldText: z.string().nullish(),
  newText: z.string().optional(),
  content: z.looseObject({ text: z.string().optional() }).optional(),
});

/** A tool call, as far as it was told: the first telling and each later one joined. */
export const toolCallSchema = z.looseObject({
  toolCallId: z.string(),
  title: z.string().nullish(),
  kind: z.string().nullish(),
  status: z.string().nullish(),
  content: z.array(contentSchema).nullish().catch(null),
  locations: z
    .array(z.looseObject({ path: z.string() }))
    .nullish()
    .catch(null),
  rawInput: z.unknown().optional(),
  _meta: z.record(z.string(), z.unknown()).nullish().catch(null),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

const optionSchema = z.looseObject({ optionId: z.string(), name: z.string().optional(), kind: z.string() });
type Option = z.infer<typeof optionSchema>;

export const permissionSchema = z.looseObject({
  sessionId: z.string(),
  toolCall: toolCallSchema,
  options: z.array(optionSchema),
  _meta: z.record(z.string(), z.unknown()).nullish().catch(null),
});
export type PermissionRequest = z.infer<typeof permissionSchema>;

/** What is done about a request: refused at once with the reason, allowed at once, or asked. */
export type Verdict =
  | { readonly type: 'allow' }
  | { readonly type: 'refuse'; readonly why: string }
  | { readonly type: 'ask'; readonly permission: AskPermission };

export interface Judge {
  readonly access: Access;
  /** Names of the MCP servers that were handed on in this session: their tools need no word of the person. */
  readonly servers: readonly string[];
  readonly asksLike: Profile['asksLike'];
  /** True when the path, by links too, lies in the workspace and may be written. */
  readonly mayWrite: (path: string) => Promise<boolean>;
}

/** Longer diffs and commands are cut: nobody reads them, and they must pass through a message. */
const mostDetail = 400_000;

/** Judges a request. `known`: what was told of the tool call before. */
export async function judge(request: PermissionRequest, known: ToolCall | undefined, by: Judge): Promise<Verdict> {
  const call = joined(known, request.toolCall);
  const title = oneLine(call.title ?? '', 300) || 'Something';
  const server =
    by.asksLike === 'copilot' ? copilotServer(request, known, by.servers) : mcpServerOf(request, call, by.servers);
  if (server !== undefined) {
    return by.servers.includes(server) ? { type: 'allow' } : ask('other', title, detailOf(call));
  }
  const command = commandIn(call);
  if (call.kind === 'execute' || command !== undefined) {
    const detail = command ?? call.title ?? '';
    // A command that cannot be seen cannot be allowed.
    if (detail.trim() === '') return { type: 'refuse', why: `${title}: a command that it did not name` };
    return ask('command', title, detail);
  }
  const edited = editedPaths(call);
  if (edited.length > 0 || isEdit(call.kind)) {
    if (by.access === 'read') return { type: 'refuse', why: `edit of ${shown(edited, title)}: this role only reads` };
    for (const path of edited) {
      if (!(await by.mayWrite(path)))
        return { type: 'refuse', why: `edit of ${oneLine(path, 200)}: outside the workspace` };
    }
    // Only an edit whose place is known is one that the policy may let pass.
    return ask(
      edited.length > 0 ? 'edit' : 'other',
      title,
      (by.asksLike === 'copilot' && diffIn(call)) || diffOf(call) || detailOf(call),
    );
  }
  if (call.kind === 'switch_mode') return { type: 'refuse', why: `${title}: its mode stays as it is` };
  return ask('other', title, detailOf(call));
}

function ask(kind: AskPermission['kind'], title: string, detail: string): Verdict {
  const cut = detail.length > mostDetail ? `${detail.slice(0, mostDetail)}\n… (${detail.length} characters)` : detail;
  return { type: 'ask', permission: { kind, title, detail: cut } };
}

/** A later telling holds only what changed. */
export function joined(known: ToolCall | undefined, next: ToolCall): ToolCall {
  if (!known) return next;
  const told = Object.entries(next).filter(([, value]) => value !== undefined && value !== null);
  return { ...known, ...Object.fromEntries(told) };
}

function isEdit(kind: string | null | undefined): boolean {
  return kind === 'edit' || kind === 'delete' || kind === 'move';
}

/** Where an edit says that it goes. */
function editedPaths(call: ToolCall): string[] {
  const diffs = (call.content ?? []).flatMap(({ type, path }) => (type === 'diff' && path !== undefined ? [path] : []));
  if (diffs.length === 0 && !isEdit(call.kind)) return [];
  const places = (call.locations ?? []).map(({ path }) => path);
  return [...new Set([...diffs, ...places, ...namedPaths(call.rawInput)])];
}

const pathNames = [
  'file_path',
  'filePath',
  'fileName',
  'path',
  'abs_path',
  'notebook_path',
  'source',
  'destination',
  'old_path',
  'new_path',
];

function namedPaths(input: unknown): string[] {
  if (typeof input !== 'object' || input === null) return [];
  return pathNames.flatMap((name) => {
    const value = (input as Record<string, unknown>)[name];
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
}

function shown(paths: readonly string[], title: string): string {
  return paths.length === 0 ? title : oneLine(paths.join(', '), 200);
}

/** The command line behind a call: what a shell is given, without the shell. Undefined when there is none. */
function commandIn(call: ToolCall): string | undefined {
  const input = call.rawInput;
  if (typeof input !== 'object' || input === null) return undefined;
  const { command, cmd, args } = input as Record<string, unknown>;
  const given = command ?? cmd;
  if (typeof given === 'string' && given.trim() !== '') {
    const more = Array.isArray(args) && args.every((one) => typeof one === 'string') ? args : [];
    return [given, ...more.map(quoted)].join(' ');
  }
  if (!Array.isArray(given) || given.length === 0 || !given.every((one) => typeof one === 'string')) return undefined;
  const [shell = '', flag = '', script, ...rest] = given;
  const isShell = /(?:^|[/\\])(?:ba|z|da|k|fi)?sh(?:\.exe)?$/.test(shell) && /^-[a-z]*c$/.test(flag);
  if (isShell && script !== undefined && rest.length === 0) return script;
  return given.map(quoted).join(' ');
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The diff that copilot makes itself, of this one file; what it told before may be of several. */
function diffIn({ rawInput }: ToolCall): string {
  const isRecord = typeof rawInput === 'object' && rawInput !== null;
  return isRecord ? (textAt(rawInput as Record<string, unknown>, 'diff') ?? '').trim() : '';
}

/** The edits as one unified diff; some agents show whole files, some only what is replaced. */
function diffOf(call: ToolCall): string {
  return (call.content ?? [])
    .flatMap(({ type, path, oldText, newText }) => {
      if (type !== 'diff' || path === undefined) return [];
      const [before, after] = [oldText ?? '', newText ?? ''];
      // Comparing is quadratic where everything differs.
      if (before.length + after.length > mostDetail) return [`--- ${path}\n+++ ${path}\n(${after.length} characters)`];
      return [createTwoFilesPatch(oldText === null ? '/dev/null' : path, path, before, after).replace(/^=+\n/, '')];
    })
    .join('\n');
}

function detailOf(call: ToolCall): string {
  const texts = (call.content ?? []).flatMap(({ content }) => (content?.text === undefined ? [] : [content.text]));
  const input = call.rawInput === undefined || call.rawInput === null ? '' : JSON.stringify(call.rawInput, null, 2);
  return [call.title ?? '', ...texts, input].filter((text) => text.trim() !== '').join('\n');
}

/**
 * The MCP server whose tool is to be called, where the agent itself says so and not the model: each has its own place for it. Undefined
 * when it is no such call. `known` are the servers that were handed on.
 */
function mcpServerOf(request: PermissionRequest, call: ToolCall, known: readonly string[]): string | undefined {
  const input = (typeof call.rawInput === 'object' && call.rawInput !== null ? call.rawInput : {}) as Record<
    string,
    unknown
  >;
  // codex: the request is marked, and the call names server and tool.
  if (request._meta?.['is_mcp_tool_approval'] === true) return textAt(input, 'server') ?? serverInTitle(call.title);
  // claude: the tool's own name, `mcp__server__tool`.
  const claude = call._meta?.['claudeCode'];
  if (typeof claude === 'object' && claude !== null) {
    const name = textAt(claude as Record<string, unknown>, 'toolName');
    return name === undefined ? undefined : /^mcp__(.+?)__/.exec(name)?.[1];
  }
  // grok: one tool that calls the others.
  const through = textAt(input, 'tool_name');
  if (through !== undefined && call.kind !== 'execute') return /^(.+?)__/.exec(through)?.[1];
  // gemini: an id that begins with the tool's name, and the server in the title.
  if (!call.toolCallId.startsWith('mcp_')) return undefined;
  const meant = (name: string): boolean =>
    call.toolCallId.startsWith(`mcp_${name}_`) && (call.title ?? '').endsWith(` (${name} MCP Server)`);
  return known.find(meant) ?? '';
}

/** copilot: the call began as `server-tool`; a command, an edit or an address is of another kind, whatever title the model gave it. */
function copilotServer(
  request: PermissionRequest,
  known: ToolCall | undefined,
  servers: readonly string[],
): string | undefined {
  if (request.toolCall.kind !== 'other' || known?.kind !== 'other') return undefined;
  return servers.find((name) => known.title === `${name}-${request.toolCall.title}`);
}

function textAt(record: Record<string, unknown>, name: string): string | undefined {
  const value = record[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `mcp.server.tool`; a server or a tool with dots in its name is nobody's that we know. */
function serverInTitle(title: string | null | undefined): string {
  return /^mcp\.([^.]+)\.[^.]+$/.exec(title ?? '')?.[1] ?? '';
}

/** The answer to the agent: its option of that kind. "Always" is never chosen: for a shell it would mean every command to come. */
export function answerOf(options: readonly Option[], allow: boolean): Record<string, unknown> {
  const wanted = allow ? 'allow_once' : 'reject_once';
  const option = options.find(({ kind }) => kind === wanted);
  if (option) return { outcome: { outcome: 'selected', optionId: option.optionId } };
  return { outcome: { outcome: 'cancelled' } };
}
