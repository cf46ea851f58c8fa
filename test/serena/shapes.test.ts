import assert from 'node:assert/strict';
import { answerOf, argumentsFor, namesOf, parametersOf } from '../../src/node/memory/serena/tools.ts';
import type { Answer, MemoryTool, Parameters } from '../../src/node/memory/serena/tools.ts';

/** As recorded from the servers, except where a version is said to be from documentation. */
function said(tool: MemoryTool, text: string, isError = false): Answer {
  return answerOf(tool, { content: [{ type: 'text', text }], structured: undefined, isError });
}
const names = (schemas: Record<string, string[]>): Parameters =>
  new Map(Object.entries(schemas).map(([tool, all]) => [tool, new Set(all)]));

describe("what Serena's versions say", () => {
  const timeout = 'Tool execution timed out after 20 seconds. ';
  const rows: [string, MemoryTool, string, boolean, Answer['is']][] = [
    ['2.1.0', 'write_memory', 'Memory orch/a/b written.', false, 'done'],
    [
      '2.1.0',
      'read_memory',
      "Error executing tool read_memory: FileNotFoundError: Memory named 'orch/none' not found",
      true,
      'missing',
    ],
    [
      '2.1.0',
      'write_memory',
      'Error executing tool write_memory: ValueError: Content for orch/a/b is too long. Max length is 3 characters. Please make the content shorter.',
      true,
      'refused',
    ],
    [
      '2.1.0',
      'write_memory',
      "Error executing tool write_memory: FileNotFoundError: [Errno 2] No such file or directory: 'x'",
      true,
      'refused',
    ],
    ['2.1.0', 'delete_memory', 'Memory orch/a/b not found.', false, 'missing'],
    ['2.1.0', 'delete_memory', 'Memory orch/a/b deleted.', false, 'done'],
    [
      '1.6.0',
      'read_memory',
      "Error executing tool read_memory: FileNotFoundError: Memory named 'orch/none' not found",
      true,
      'missing',
    ],
    [
      '1.5.3',
      'read_memory',
      'Memory file orch/none not found, consider creating it with the `write_memory` tool if you need it.',
      false,
      'missing',
    ],
    [
      '1.5.3',
      'write_memory',
      'Error executing tool: ValueError - Content for orch/a/b is too long. Max length is 3 characters. Please make the content shorter.',
      false,
      'refused',
    ],
    ['1.5.3', 'write_memory', "Error executing tool: OSError - [Errno 36] File name too long: '/x'", false, 'refused'],
    [
      'documentation',
      'write_memory',
      "Tool 'write_memory' is not active. Active tools: ['read_memory']",
      false,
      'refused',
    ],
    ['documentation', 'read_memory', 'No active project. Ask the user to provide the project path', false, 'refused'],
    ['documentation', 'write_memory', timeout, true, 'unknown'],
    ['documentation', 'write_memory', `Error executing tool write_memory: TimeoutError: ${timeout}`, true, 'unknown'],
    ['documentation', 'write_memory', `Error executing tool: TimeoutError - ${timeout}`, false, 'unknown'],
    [
      'a memory',
      'read_memory',
      'A page about why Tool execution timed out and a Memory file was not found.',
      false,
      'done',
    ],
    ['nothing', 'read_memory', '', false, 'done'],
  ];
  for (const [version, tool, text, isError, is] of rows) {
    it(`${version}: ${tool}: ${text.slice(0, 60)} → ${is}`, () => assert.equal(said(tool, text, isError).is, is));
  }

  it('joins the parts of a text and leaves out what is none', () => {
    const content = [{ type: 'text', text: 'a' }, { type: 'image', data: 'x' }, 7, { type: 'text', text: 'b' }];
    assert.deepEqual(answerOf('read_memory', { content, structured: undefined, isError: false }), {
      is: 'done',
      text: 'ab',
    });
  });

  it('lists are objects, or arrays before 1.0', () => {
    assert.deepEqual(namesOf('{}'), []);
    assert.deepEqual(namesOf('{"memories": ["a"], "read_only_memories": ["b"]}'), ['a', 'b']);
    assert.deepEqual(namesOf('["a", "b"]'), ['a', 'b']);
    for (const bad of ['', 'nothing', '7', '[1]', 'null', '{"memories": 7}']) assert.equal(namesOf(bad), undefined);
  });

  it('parameters are called as the schema calls them', () => {
    const args = { name: 'orch/x', content: 'four' };
    const present = names({ write_memory: ['memory_name', 'content', 'max_chars'], list_memories: ['topic'] });
    assert.deepEqual(argumentsFor('write_memory', args, present), {
      memory_name: 'orch/x',
      content: 'four',
      max_chars: 5,
    });
    assert.deepEqual(argumentsFor('list_memories', { topic: 'orch' }, present), { topic: 'orch' });
    const old = names({ write_memory: ['memory_file_name', 'content', 'max_answer_chars'], list_memories: [] });
    assert.deepEqual(argumentsFor('write_memory', args, old), {
      memory_file_name: 'orch/x',
      content: 'four',
      max_answer_chars: 5,
    });
    assert.deepEqual(argumentsFor('list_memories', { topic: 'orch' }, old), {});
  });

  it('parameters are those of the schemas in the list of tools', () => {
    const inputSchema = { type: 'object', properties: { memory_file_name: {} } };
    const listed = new Map([
      ['read_memory', { inputSchema }],
      ['list_memories', { inputSchema: { properties: [] } }],
      ['other', { inputSchema: {} }],
    ]);
    assert.deepEqual(parametersOf(listed), names({ read_memory: ['memory_file_name'], list_memories: [], other: [] }));
  });
});
