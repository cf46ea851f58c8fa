import type { Agent } from './install.ts';
import type { Asked, ToolCall } from '../standin/reply.ts';

/** What a model of each agent must call to do a thing: every agent has tools of its own. */

/** The edit of one file: `from` is replaced by `to`; without `from` the file is made. */
export interface FileEdit {
  readonly path: string;
  readonly from?: string;
  readonly to: string;
}

interface Hands {
  /** Calls to make in turn, one answer each; `root` is the folder that the agent works in. */
  edit(asked: Asked, root: string, edit: FileEdit): ToolCall[];
  shell(asked: Asked, command: string): ToolCall[];
  /** A tool of an MCP server that was handed on. */
  mcp(asked: Asked, server: string, tool: string, input: Readonly<Record<string, unknown>>): ToolCall[];
}

/** Codex's newer models act by a script that calls the tools; its older ones call them themselves. */
const byScript = ({ tools }: Asked): boolean => tools.includes('functions/exec');
const exec = (script: string): ToolCall => ({ name: 'exec', input: script });

const codex: Hands = {
  edit(asked, _root, { path, from, to }) {
    const lines = (mark: string, text: string): string =>
      text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `${mark}${line}`)
        .join('\n');
    const body =
      from === undefined
        ? `*** Add File: ${path}\n${lines('+', to)}`
        : `*** Update File: ${path}\n@@\n${lines('-', from)}\n${lines('+', to)}`;
    const patch = `*** Begin Patch\n${body}\n*** End Patch\n`;
    return byScript(asked)
      ? [exec(`text(await tools.apply_patch(${JSON.stringify(patch)}));`)]
      : [{ name: 'apply_patch', input: patch }];
  },
  shell(asked, command) {
    const input = { cmd: command, sandbox_permissions: 'require_escalated', justification: 'The task needs it.' };
    return byScript(asked)
      ? [exec(`text(await tools.exec_command(${JSON.stringify(input)}));`)]
      : [{ name: 'exec_command', input }];
  },
  mcp: (asked, server, tool, input) =>
    byScript(asked)
      ? [exec(`text(await tools.mcp__${server}__${tool}(${JSON.stringify(input)}));`)]
      : [{ name: tool, space: `mcp__${server}`, input }],
};

const claude: Hands = {
  edit(_asked, root, { path, from, to }) {
    const file_path = `${root}/${path}`;
    return from === undefined
      ? [{ name: 'Write', input: { file_path, content: to } }]
      : // It edits only what it has read.
        [
          { name: 'Read', input: { file_path } },
          { name: 'Edit', input: { file_path, old_string: from, new_string: to } },
        ];
  },
  shell: (_asked, command) => [{ name: 'Bash', input: { command, description: 'Does what the task needs' } }],
  mcp: (_asked, server, tool, input) => [
    { name: 'ToolSearch', input: { query: `select:mcp__${server}__${tool}` } },
    { name: `mcp__${server}__${tool}`, input },
  ],
};

const gemini: Hands = {
  edit(_asked, root, { path, from, to }) {
    const file_path = `${root}/${path}`;
    return from === undefined
      ? [{ name: 'write_file', input: { file_path, content: to } }]
      : [{ name: 'replace', input: { file_path, old_string: from, new_string: to, instruction: 'Do as planned.' } }];
  },
  shell: (_asked, command) => [
    { name: 'run_shell_command', input: { command, description: 'Does what the task needs' } },
  ],
  mcp: (_asked, server, tool, input) => [{ name: `mcp_${server}_${tool}`, input }],
};

const grok: Hands = {
  edit(_asked, root, { path, from, to }) {
    const file_path = `${root}/${path}`;
    return from === undefined
      ? [{ name: 'write', input: { file_path, content: to } }]
      : [
          { name: 'read_file', input: { target_file: file_path } },
          { name: 'search_replace', input: { file_path, old_string: from, new_string: to } },
        ];
  },
  shell: (_asked, command) => [
    { name: 'run_terminal_command', input: { command, description: 'Does what the task needs' } },
  ],
  mcp: (_asked, server, tool, input) => [
    { name: 'search_tool', input: { query: `${server} ${tool}` } },
    { name: 'use_tool', input: { tool_name: `${server}__${tool}`, tool_input: input } },
  ],
};

const copilot: Hands = {
  // Which tool it has for edits depends on the model.
  edit: (asked, root, edit) => codex.edit(asked, root, { ...edit, path: `${root}/${edit.path}` }),
  shell: (_asked, command) => [{ name: 'bash', input: { command, description: 'Does what the task needs' } }],
  mcp: (_asked, server, tool, input) => [{ name: `${server}-${tool}`, input }],
};

const opencode: Hands = {
  edit: (_asked, root, { path, from, to }) => [
    from === undefined
      ? { name: 'write', input: { filePath: `${root}/${path}`, content: to } }
      : { name: 'edit', input: { filePath: `${root}/${path}`, oldString: from, newString: to } },
  ],
  shell: (_asked, command) => [{ name: 'bash', input: { command, description: 'Does what the task needs' } }],
  mcp: (_asked, server, tool, input) => [{ name: `${server}_${tool}`, input }],
};

export const hands: Readonly<Record<Agent, Hands>> = { codex, claude, gemini, grok, copilot, opencode };
