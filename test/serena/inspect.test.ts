import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectSerena } from '../../src/node/memory/serena/inspect.ts';
import { matchOf } from '../../src/node/memory/serena/patterns.ts';
import { serenaPython } from './install.ts';
import { place } from './support.ts';
import type { Place } from './support.ts';

describe("the person's own Serena", () => {
  let at: Place;
  let home: string;
  beforeEach(async () => {
    at = await place();
    home = join(at.base, 'home');
    await mkdir(join(home, '.serena'), { recursive: true });
    await mkdir(at.root);
  });
  afterEach(() => at.remove());
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  };
  const person = (text: string): Promise<void> => put(join(home, '.serena', 'serena_config.yml'), text);
  const project = (text: string, file = 'project.yml'): Promise<void> => put(join(at.root, '.serena', file), text);
  const notes = (): Promise<string[]> => inspectSerena({ root: at.root, env: {}, home });
  const only = async (pattern: RegExp): Promise<void> => {
    const all = await notes();
    assert.equal(all.length, 1, all.join('\n'));
    assert.match(all[0] ?? '', pattern);
  };

  it('says nothing where there is nothing to say, or nothing to be read', async () => {
    assert.deepEqual(await notes(), []);
    await person('project_serena_folder_location: "$projectDir/.serena"\nprojects: []\nlanguage_backend: LSP\n');
    await project('project_name: x\nread_only: false\nignored_memory_patterns: []\nread_only_memory_patterns:\n');
    assert.deepEqual(await notes(), []);
    await person('{ not [ yaml');
    await project(`read_only: true\n${'#'.repeat(2 * 1024 * 1024)}\n`);
    assert.deepEqual(await notes(), []);
    await project('read_only: perhaps\nignored_memory_patterns: 7\nlanguage_backend: [1]\n');
    assert.deepEqual(await notes(), []);
  });

  it('may keep its memories elsewhere, as its own code decides', async () => {
    const central = join(at.base, 'central', 'project', '.serena');
    await person(`projects: []\nproject_serena_folder_location: "${at.base}/central/$projectFolderName/.serena"\n`);
    // Asked of Serena itself, each time.
    const used = (): string => {
      const code =
        'import sys; from serena.config.serena_config import SerenaConfig; ' +
        'print(SerenaConfig.from_config_file().get_project_serena_folder(sys.argv[1]))';
      const env = { ...process.env, SERENA_HOME: join(home, '.serena') };
      return execFileSync(serenaPython, ['-c', code, at.root], { encoding: 'utf8', env, stdio: 'pipe' }).trim();
    };
    assert.equal(used(), central);
    assert.match(
      (await notes()).join('\n'),
      /keeps the memories .*central.*\n.*does not exist yet; once the bus has made/,
    );
    await mkdir(join(at.root, '.serena'));
    assert.equal(used(), join(at.root, '.serena'));
    await only(/was to keep memories in .*central.* it uses that/);
    await mkdir(central, { recursive: true });
    assert.equal(used(), central);
    await put(join(central, 'project.yml'), 'read_only: true\n');
    const all = await notes();
    assert.match(all[0] ?? '', /keeps the memories .*central.*do not look/);
    assert.match(all[1] ?? '', /read-only for Serena \(read_only in .*central/);
  });

  it('may not write in this project', async () => {
    await project('read_only: true\n');
    await only(/read-only for Serena \(read_only in .*project\.yml\)/);
    await project('read_only: false\n', 'project.local.yml');
    assert.deepEqual(await notes(), []);
    await project('read_only_memory_patterns: ["orch/.*"]\n');
    await only(/"?orch\/\.\*"? in .*read_only_memory_patterns.*keeps models .* from posting/);
  });

  it('may hide the bus', async () => {
    await person('ignored_memory_patterns: ["_archive/.*"]\n');
    await project('ignored_memory_patterns: ["orch/.*", "notes/.*"]\n');
    await only(/^The pattern orch\/\.\* in .*project\.yml.* hides the bus/);
    await project('ignored_memory_patterns: ["(orch|other)/.*"]\n', 'project.local.yml');
    await only(/project\.local\.yml.* may be one that hides the bus/);
  });

  it('may use an IDE, or run a command; ours does neither', async () => {
    await person('language_backend: JetBrains\njetbrains_launch_command: idea\n');
    await only(/JetBrains backend, and starts your IDE.*neither backend nor IDE/);
    await project('language_backend: LSP\nactivation_command: make\n');
    await only(/activation_command, which a Serena started on this project runs/);
  });

  it('has patterns that are tried as Python does, if they are simple, and never for long', () => {
    const name = 'orch/r1/m/000001-architect-all-finding';
    const patterns = [
      'orch',
      'orch/.*',
      '.*',
      '^orch/.+$',
      'orch/[a-z0-9]+/m/.*',
      'or?ch.*',
      'Orch/.*',
      'orch\\/.*',
      '.',
      '[z-a]',
      '',
    ];
    const code =
      'import re, sys, json\n' +
      'def one(p):\n' +
      '  try: return "some" if re.compile(p).fullmatch(sys.argv[1]) else "none"\n' +
      '  except re.error: return "unknown"\n' +
      'print(json.dumps([one(p) for p in json.loads(sys.argv[2])]))';
    const python = execFileSync(serenaPython, ['-c', code, name, JSON.stringify(patterns)], { encoding: 'utf8' });
    assert.deepEqual(
      patterns.map((pattern) => matchOf(pattern, [name])),
      JSON.parse(python),
    );
    const began = performance.now();
    for (const pattern of [
      '(.+)+x',
      '(?:o|or|orch)*',
      `${'.*'.repeat(30)}x`,
      '.*.*.*.*x',
      'a{9}',
      '\\1',
      'x'.repeat(300),
    ]) {
      assert.notEqual(matchOf(pattern, [name.repeat(3)]), 'some');
    }
    assert.ok(performance.now() - began < 5000);
  });
});
