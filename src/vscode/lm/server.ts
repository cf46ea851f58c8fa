import { reachInputSchema, reachTool } from '../../core/ask.ts';
import { version } from '../../core/version.ts';
import type { HostedServer } from '../../node/models/hostedWire.ts';
import { askServer } from '../../node/askServer.ts';
import { askEditor } from './ask.ts';
import { editorsModels, matching } from './find.ts';

/** The editor's models as an MCP server in this process. Asking what is there spends nothing and needs no consent; the first call asks for it. */
export const languageModelServer: HostedServer = async (transport) => {
  const server = askServer({
    name: 'vscode-lm',
    version,
    title: 'The editor’s own models',
    description: 'Asks a model that the editor offers to extensions (Copilot, or whatever provides them).',
    onAsk: askEditor,
    tools: [
      {
        name: reachTool,
        description: 'Says whether the editor has a model for one of these ids.',
        input: reachInputSchema,
        async run(args) {
          const { ids } = reachInputSchema.parse(args);
          const models = await editorsModels();
          if (models.length === 0)
            return { failure: { kind: 'not-installed', message: 'This editor offers no models to extensions.' } };
          if (matching(models, ids ?? [])) return {};
          return { failure: { kind: 'no-model', message: 'This editor offers other models than this one.' } };
        },
      },
    ],
  });
  await server.connect(transport);
};
