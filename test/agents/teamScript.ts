import { formOf } from '../../src/core/run/answerText.ts';
import { answerSchemas } from '../../src/core/run/answers.ts';
import type { AnswerKind } from '../../src/core/run/answers.ts';
import { roster } from '../../src/core/team/roster.ts';
import { hands } from './hands.ts';
import type { FileEdit } from './hands.ts';
import type { Agent } from './install.ts';
import { calls, says } from '../standin/reply.ts';
import type { Answer, Asked, ToolCall } from '../standin/reply.ts';

/** What the engine's prompts say, read as a model reads them; and parts of a team played through each agent's own tools. */

/** A call of the engine, as its prompt tells it. */
export interface TeamCall {
  readonly kind: AnswerKind;
  readonly role: string;
  /** What is to be done now. */
  readonly now: string;
  /** The folder that the agent works in. */
  readonly root: string;
  /** By whose agent it is asked. */
  readonly agent: Agent;
  /** The whole prompt. */
  readonly said: string;
}

const kinds = Object.keys(answerSchemas) as AnswerKind[];
const roleTitles = new Map(Object.entries(roster.roles ?? {}).map(([role, { title }]) => [title, role]));

/** The call behind a prompt; undefined when it is none of the engine's. */
export function teamCallOf(asked: Asked): TeamCall | undefined {
  const said = promptIn(asked);
  const [, title = ''] = /You are (.+?) in a team of models/.exec(said) ?? [];
  const role = roleTitles.get(title);
  const kind = kinds.find((each) => said.includes(formOf(each)));
  // What was asked before may stand above it.
  const [, now = ''] = [...said.matchAll(/^Now: ([^]*?)\n\n/gm)].at(-1) ?? [];
  const agent = agentOf(asked);
  const root = rootOf(asked);
  if (role === undefined || kind === undefined || agent === undefined || root === undefined) return undefined;
  return { kind, role, now, root, agent, said };
}

/** The engine's prompt, or the one before when an agent was only told to go on. */
function promptIn({ prompt, conversation }: Asked): string {
  if (/You are .+? in a team of models/.test(prompt)) return prompt;
  const last = [...conversation.matchAll(/You are .+? in a team of models/g)].at(-1);
  return last ? conversation.slice(last.index) : '';
}

/** Which agent sends this: each has tools of its own. */
function agentOf({ dialect, tools }: Asked): Agent | undefined {
  if (dialect === 'messages') return 'claude';
  if (dialect === 'gemini') return 'gemini';
  if (dialect !== 'responses') return undefined;
  return tools.includes('search_replace') ? 'grok' : 'codex';
}

/** The working folder, which every agent tells its model in words of its own; the last telling counts. */
function rootOf({ system, conversation }: Asked): string | undefined {
  const told = `${system}\n${conversation}`;
  const patterns = [
    /<cwd>([^<]+)<\/cwd>/g,
    /Primary working directory: (.+)$/gm,
    /Workspace Path: (.+)$/gm,
    /\*\*Workspace Directories:\*\*\s+- (.+)$/gm,
  ];
  for (const pattern of patterns) {
    const last = [...told.matchAll(pattern)].at(-1)?.[1];
    if (last !== undefined) return last.trim();
  }
  return undefined;
}

/** What a member of the team does in one call. */
export interface Act {
  readonly say?: string;
  readonly think?: string;
  readonly edits?: readonly FileEdit[];
  /** A command that it asks for. */
  readonly shell?: string;
  /** Tools of servers that it is handed, called before all else; what they gave decides about the rest. */
  readonly uses?: readonly {
    readonly server: string;
    readonly tool: string;
    readonly input: Readonly<Record<string, unknown>>;
  }[];
  readonly usage?: { readonly input: number; readonly output: number };
  readonly answer: unknown;
}

/** The next answer of a model that does this through its agent's tools: one call an answer, its last words when all is done. */
export function playAct(asked: Asked, { agent, root }: TeamCall, act: Act): Answer {
  const own = hands[agent];
  // Who was told to go on without it does not ask again.
  const again = !asked.prompt.includes('in a team of models');
  const steps: ToolCall[] = [
    ...(act.uses ?? []).flatMap(({ server, tool, input }) => own.mcp(asked, server, tool, input)),
    ...(act.shell === undefined || again ? [] : own.shell(asked, act.shell)),
    ...(act.edits ?? []).flatMap((edit) => own.edit(asked, root, edit)),
  ];
  const step = steps[asked.turn];
  if (step) return calls([step], asked.turn === 0 ? act.say : undefined);
  const words = `${steps.length === 0 ? (act.say ?? '') : 'That is done.'}\n\n\`\`\`json\n${JSON.stringify(act.answer, null, 1)}\n\`\`\`\n`;
  return { ...says(words, act.think), ...(act.usage && { usage: act.usage }) };
}
