import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchLanguageServer } from '../../src/node/memory/code/hand.ts';
import { testCache } from '../agents/install.ts';
import { assertNoneOutlives } from '../harness/files.ts';
import { doubterBehindKey, eventsOf, scenarios, story, words } from '../node/project/place.ts';
import { calls, says, type Answer, type Asked } from '../standin/reply.ts';
import { openStandin } from '../standin/standin.ts';
import { refusal, serenaPath, version } from './install.ts';

const never = new AbortController().signal;
/** Fetched once for all checkouts. */
const servers = join(testCache, `language-servers-${version}`);

const files = {
  ...words,
  'tsconfig.json': '{ "compilerOptions": { "allowJs": true, "noEmit": true }, "include": ["src"] }\n',
  'tools/tally.py': 'def tally(words):\n    return len(words)\n',
  'tools/report.py': 'from tally import tally\n\n\ndef report():\n    return tally(["a"])\n',
  'src/greet.ts': 'export function greet(name: string): string {\n  return `Hello ${name}`;\n}\n',
  'src/hall.ts': "import { greet } from './greet';\n\nexport const banner = (): string => greet('hall');\n",
};

describe('code tools in a whole run, by a real Serena', function () {
  this.timeout(10 * 60_000);
  const it = scenarios();
  const before_ = process.env['ORCHESTRA_SERENA'];
  before(async () => {
    const here = { program: { command: serenaPath, args: [], version }, why: '', servers, wanted: [], ready: [] };
    for (const language of ['typescript', 'python'])
      if (!existsSync(join(servers, `${language}.ready`)))
        assert.match(await fetchLanguageServer(language, here, process.env, never), /is there and finds symbols/);
    process.env['ORCHESTRA_SERENA'] = serenaPath;
    const cache = join(process.env['ORCHESTRA_CACHE'] ?? '', 'serena');
    await mkdir(cache, { recursive: true });
    await symlink(servers, join(cache, `language-servers-${version}`));
  });
  after(() => {
    if (before_ === undefined) delete process.env['ORCHESTRA_SERENA'];
    else process.env['ORCHESTRA_SERENA'] = before_;
  });

  it('a model with a key finds who uses a symbol, and a writer what it wrote itself, each in its own folder', async (at) => {
    /** The doubter looks with the code tools and says what they said. */
    const doubter = (asked: Asked): Answer => {
      if (asked.turn === 0)
        return calls([
          { name: 'code_symbols', input: { path: 'src/greet.ts' } },
          { name: 'code_references', input: { name: 'greet', path: 'src/greet.ts' } },
          { name: 'code_find', input: { name: 'shout', body: true } },
          { name: 'code_find', input: { name: 'title' } },
          { name: 'code_references', input: { name: 'tally', path: 'tools/tally.py' } },
        ]);
      const [symbols, references, found, none, python] = asked.results.map(({ text }) => text);
      const summary = JSON.stringify({ symbols, references, found, none, python });
      return says(`\`\`\`json\n${JSON.stringify({ summary, findings: [] })}\n\`\`\``);
    };
    const standin = await openStandin(doubter, { models: ['qwen3-coder'] });
    try {
      const place = await at({
        script: 'code',
        files,
        team: {
          ...doubterBehindKey(standin.url),
          memory: { backend: 'files', codeTools: true },
          limits: { silenceSeconds: 300 },
        },
      });
      const played = await place.run('Better words');
      if (refusal) return assert.match(place.logged.join(), refusal);
      assert.equal(played.outcome, 'applied', story(played));
      const said = JSON.parse(played.state.summaries['doubter'] ?? '{}') as Record<string, string>;
      assert.match(said['symbols'] ?? '', /greet/);
      assert.match(said['references'] ?? '', /hall\.ts[^]*banner/);
      assert.match(said['python'] ?? '', /report\.py[^]*report/);
      assert.match(said['found'] ?? '', /words\.js[^]*text\.toUpperCase\(\) \+ mark/);
      assert.match(said['none'] ?? '', /^Nothing is found\./, 'nobody has written it yet');
      const written = eventsOf(played, 'call.ended').find((e) => e.role === 'writer' && e.kind === 'written');
      assert.equal(
        (written?.answer as { summary?: string } | undefined)?.summary,
        'I see title() where I wrote it.',
        story(played),
      );
      assert.match((await place.read('src/words.js')) ?? '', /function title/);
      assert.deepEqual(place.logged, []);
      assert.equal(await place.git('status', '--porcelain'), ' M README.md\n M src/count.js\n M src/words.js\n');
      const cache = process.env['ORCHESTRA_CACHE'] ?? '';
      assert.equal(existsSync(join(cache, 'serena', 'code', played.run)), false, 'its settings are gone');
      if (process.platform === 'linux') await assertNoneOutlives(cache);
    } finally {
      await standin.close();
    }
  });
});
