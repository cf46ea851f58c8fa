/**
 * A tiny MCP server that is handed on to agents: `note {word}` writes the word and the server's token to the file that
 * ORCHESTRA_NOTES names, and answers with both. Without any package, so that it runs wherever Node does.
 */
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const notes = process.env['ORCHESTRA_NOTES'] ?? '';
const say = (message: object): void => void process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const write = (line: object): void => appendFileSync(notes, `${JSON.stringify({ ...line, pid: process.pid })}\n`);

const tool = {
  name: 'note',
  description: 'Notes a word.',
  inputSchema: { type: 'object', properties: { word: { type: 'string' } }, required: ['word'] },
};

write({ event: 'started', token: process.env['ORCHESTRA_TOKEN'] });
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line) as {
    id?: number;
    method: string;
    params?: { protocolVersion?: string; arguments?: { word?: string } };
  };
  if (id === undefined) return;
  switch (method) {
    case 'initialize':
      return say({
        id,
        result: {
          protocolVersion: params?.protocolVersion ?? '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'notes', version: '1' },
        },
      });
    case 'tools/list':
      return say({ id, result: { tools: [tool] } });
    case 'tools/call': {
      const word = params?.arguments?.word ?? '';
      write({ event: 'called', word });
      return say({ id, result: { content: [{ type: 'text', text: `noted ${word}` }] } });
    }
    case 'ping':
      return say({ id, result: {} });
    default:
      return say({ id, error: { code: -32601, message: `No method ${method}.` } });
  }
});
process.stdin.on('end', () => process.exit(0));
