import * as vscode from 'vscode';
import type { AskInput, Edit, Failure } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { oneLine } from '../../core/words/plain.ts';
import { type HandedTools, withHandedTools } from '../../node/handedTools.ts';
import type { ModelTool } from '../../node/modelTool.ts';
import { packView } from '../../node/view/pack.ts';
import { viewTools } from '../../node/view/tools.ts';
import { openView, type View } from '../../node/view/view.ts';
import { instructionsFor, viewText } from '../../node/view/words.ts';
import type { AskStage, Ending } from '../../node/askServer.ts';
import { editorsModels, matching } from './find.ts';

/** Requests of one call: a model that goes on looking is asked for its answer then. */
const turnsMost = { read: 30, write: 60 } as const;
const packBytes = 96 * 1024;
/** A character a token is far too many; four are usual. Half of the window is left for looking and answering. */
const bytesForTokens = (tokens: number): number => tokens * 2;

/** One call of a model of the editor: it sees the folder through tools, and says what it wants changed. Rejects only with the signal's reason. */
export async function askEditor(input: AskInput, stage: AskStage): Promise<Ending> {
  const { signal } = stage;
  const found = matching(await editorsModels(), [input.model]);
  if (!found)
    return failure({ kind: 'no-model', message: `This editor offers no model like ${oneLine(input.model)}.` });
  const token = new vscode.CancellationTokenSource();
  const cancel = (): void => token.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const view = openView({ cwd: input.cwd, paths: input.paths, signal });
    const looking = viewTools(view, input.access);
    const where = { cwd: input.cwd, env: process.env, taken: looking.map(({ name }) => name), signal };
    return await withHandedTools(input.servers ?? [], where, (handed) =>
      converse(found.model, input, stage, { view, looking, handed, token: token.token }),
    );
  } catch (error) {
    signal.throwIfAborted();
    return failure(failureOf(error));
  } finally {
    signal.removeEventListener('abort', cancel);
    token.dispose();
  }
}

/** What the model works with. */
interface Sight {
  readonly view: View;
  readonly looking: readonly ModelTool[];
  readonly handed: HandedTools;
  readonly token: vscode.CancellationToken;
}

async function converse(
  model: vscode.LanguageModelChat,
  input: AskInput,
  stage: AskStage,
  { view, looking, handed, token }: Sight,
): Promise<Ending> {
  const tools = [...looking, ...handed.tools];
  const bytes = Math.min(packBytes, bytesForTokens(model.maxInputTokens) / 2);
  const packed = viewText(await packView(view, input.prompt, { bytes, whole: false }));
  const messages = [
    vscode.LanguageModelChatMessage.User(instructionsFor(input, true, handed.names)),
    vscode.LanguageModelChatMessage.User(packed),
    vscode.LanguageModelChatMessage.User(input.prompt),
  ];
  const most = turnsMost[input.access];
  const texts: string[] = [];
  let calling = true;
  for (let n = 1; n <= most && calling; n += 1) {
    const response = await model.sendRequest(
      messages,
      {
        justification: `A role of the team that works on your task (${oneLine(input.call.role)}).`,
        // The last turn is for the answer.
        ...(n < most && { tools: tools.map(offered) }),
      },
      token,
    );
    const turn = await read(response, tools, stage);
    if (turn.text !== '') texts.push(turn.text);
    calling = turn.calls.length > 0;
    if (!calling) break;
    messages.push(
      vscode.LanguageModelChatMessage.Assistant([
        ...(turn.text === '' ? [] : [new vscode.LanguageModelTextPart(turn.text)]),
        ...turn.calls,
      ]),
      vscode.LanguageModelChatMessage.User(await answers(turn.calls, tools)),
    );
  }
  const text = texts.join('\n');
  const edits: Edit[] = view.edits().map((edit) => ({ ...edit }));
  if (text.trim() === '' && edits.length === 0)
    return failure({ kind: 'empty', message: `${model.name} answered with nothing.` });
  const refused = handed.lacking();
  return {
    type: 'answer',
    output: {
      text,
      stopReason: calling ? 'limit' : 'end',
      model: input.model,
      ...(edits.length > 0 && { edits }),
      ...(refused.length > 0 && { refused }),
    },
  };
}

interface Turn {
  readonly text: string;
  readonly calls: vscode.LanguageModelToolCallPart[];
}

async function read(
  response: vscode.LanguageModelChatResponse,
  tools: readonly ModelTool[],
  stage: AskStage,
): Promise<Turn> {
  let text = '';
  const calls: vscode.LanguageModelToolCallPart[] = [];
  for await (const part of response.stream) {
    stage.signal.throwIfAborted();
    if (part instanceof vscode.LanguageModelTextPart) {
      text += part.value;
      await stage.progress({ kind: 'text', text: part.value });
    } else if (part instanceof vscode.LanguageModelToolCallPart) {
      calls.push(part);
      const tool = tools.find(({ name }) => name === part.name);
      await stage.progress({ kind: 'tool', title: tool ? tool.title(part.input) : oneLine(part.name) });
    }
  }
  return { text, calls };
}

/** What the tools give, in the order in which they were called; what the model did wrong is told to it. */
async function answers(
  calls: readonly vscode.LanguageModelToolCallPart[],
  tools: readonly ModelTool[],
): Promise<vscode.LanguageModelToolResultPart[]> {
  const results: vscode.LanguageModelToolResultPart[] = [];
  for (const { callId, name, input } of calls) {
    const tool = tools.find((one) => one.name === name);
    const text = tool ? await tool.run(input) : `There is no tool ${oneLine(name)}.`;
    results.push(new vscode.LanguageModelToolResultPart(callId, [new vscode.LanguageModelTextPart(text)]));
  }
  return results;
}

const offered = ({ name, description, schema }: ModelTool): vscode.LanguageModelChatTool => ({
  name,
  description,
  inputSchema: schema,
});

const failure = (what: Failure): Ending => ({ type: 'failure', failure: what });

/** Source: vscode.LanguageModelError, whose codes are the names of its static makers. */
function failureOf(error: unknown): Failure {
  const message = oneLine(reasonOf(error)).slice(0, 300);
  const code = error instanceof vscode.LanguageModelError ? error.code : '';
  switch (code) {
    case 'NoPermissions':
      return { kind: 'not-approved', message: 'You have not allowed this extension to use the editor’s models.' };
    case 'NotFound':
      return { kind: 'no-model', message: `The editor does not have this model any more: ${message}` };
    case 'Blocked':
      return { kind: 'quota', message: `The editor refuses: ${message}` };
    default:
      return {
        kind: /rate|limit|quota|429/i.test(message) ? 'rate-limit' : 'error',
        message: `The editor’s model failed: ${message}`,
      };
  }
}
