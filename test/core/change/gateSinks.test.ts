import assert from 'node:assert/strict';
import { executes, judgeChange } from '../../../src/core/change/gate.ts';
import { link, make, one, options, words } from './gates.ts';
import { fileChange, side } from './texts.ts';

describe('the gate holds', () => {
  const names: [string, string, string[]][] = [
    [
      'hostile input 21: editor settings',
      'editor-settings',
      words(`.vscode/settings.json .vscode/tasks.json .vscode/launch.json .vscode/extensions.json .vscode/mcp.json
      a/b/.vscode/x x.code-workspace .devcontainer/devcontainer.json .devcontainer.json
      .idea/runConfigurations/x.xml .idea/watcherTasks.xml .zed/tasks.json .fleet/run.json .run/a.run.xml .vimrc
      .exrc .dir-locals.el .Vscode/tasks.json .vs\u200bcode/tasks.json .ＶＳcode/x`),
    ],
    [
      'hostile input 22: agent settings',
      'agent-settings',
      words(`.cursor/mcp.json .cursor/rules/a.mdc .cursor/hooks.json .cursorrules .claude/settings.json
      .claude/settings.local.json .codex/config.toml .gemini/settings.json .kilocode/x .kilocodemodes .roo/x
      .roomodes .serena/project.yml .mcp.json AGENTS.md src/AGENTS.md agents.override.md CLAUDE.md CLAUDE.local.md
      GEMINI.md .github/copilot-instructions.md .github/instructions/a.instructions.md .github/prompts/a.prompt.md
      .windsurfrules .clinerules/a.md .aider.conf.yml .CURSOR/mcp.json Agents.MD`),
    ],
    [
      'hostile input 23: what the package manager runs or installs',
      'package-manager',
      words(`.npmrc .yarnrc .yarnrc.yml .yarn/releases/yarn.cjs package-lock.json yarn.lock pnpm-lock.yaml
      pnpm-workspace.yaml .pnpmfile.cjs bun.lockb npm-shrinkwrap.json deno.json pip.conf requirements.txt
      requirements-dev.txt requirements/dev.txt setup.py setup.cfg Pipfile.lock poetry.lock uv.lock x.pth
      sitecustomize.py build.rs Cargo.lock .cargo/config.toml Gemfile Gemfile.lock x.gemspec composer.lock go.mod
      go.sum pom.xml build.gradle.kts gradlew gradle/wrapper/gradle-wrapper.properties App.csproj
      Directory.Build.props flake.nix node_modules/a/index.js patches/a.patch rust-toolchain.toml`),
    ],
    [
      'hostile input 23: what shells and build drivers run',
      'shell',
      words(`.envrc .bashrc .zshenv Makefile GNUmakefile sub/makefile x.mk justfile .justfile Taskfile.yml Dockerfile
      Dockerfile.dev app.dockerfile docker-compose.yml compose.override.yaml .tool-versions mise.toml Rakefile
      CMakeLists.txt BUILD.bazel .gdbinit Vagrantfile noxfile.py`),
    ],
    [
      'hostile input 11, 23: what git runs',
      'git-settings',
      words(`.gitattributes sub/.gitattributes .gitconfig .lfsconfig .husky/pre-commit .husky/_/x .githooks/x
      hooks/pre-commit scripts/commit-msg .pre-commit-config.yaml lefthook.yml .lintstagedrc.json
      lint-staged.config.js`),
    ],
    [
      'hostile input 23: continuous integration',
      'ci',
      words(`.github/workflows/ci.yml .github/actions/a/action.yml action.yml .gitlab-ci.yml .circleci/config.yml
      Jenkinsfile azure-pipelines.yml .travis.yml bitbucket-pipelines.yml .drone.yml .buildkite/pipeline.yml
      .github/CODEOWNERS .github/dependabot.yml renovate.json netlify.toml wrangler.toml .gitea/workflows/x.yaml`),
    ],
    [
      'configuration that is executed',
      'build-config',
      words(`vite.config.ts src/vite.config.ts vitest.config.mts vitest.workspace.ts jest.config.js jest.config.json
      jest.setup.ts eslint.config.mjs webpack.config.js webpack.prod.config.js rollup.config.mjs babel.config.json
      .babelrc .babelrc.js .mocharc.json .mocharc.cjs .eslintrc .eslintrc.yml .prettierrc .swcrc .nycrc
      karma.conf.js gulpfile.js Gruntfile.coffee esbuild.config.mjs tailwind.config.ts playwright.config.ts
      something.config.js .somethingrc.js .oxlintrc.json conftest.py tests/conftest.py tox.ini pytest.ini nx.json
      turbo.json angular.json phpunit.xml .rspec .storybook/main.ts`),
    ],
    [
      'hostile input 49: the environment',
      'environment-file',
      ['.env', '.env.local', '.env.production', 'a/.env', 'prod.env', '.dev.vars'],
    ],
  ];
  for (const [name, code, paths] of names) {
    it(`${name}: made, changed or removed`, () => {
      for (const path of paths) {
        assert.equal(one(make(path)), `held ${code}`, path);
        assert.equal(one(make(path, 'y\n', 'x\n')), `held ${code}`, path);
        assert.equal(one(fileChange(path, 'x', undefined)), `held ${code}`, path);
      }
    });
  }

  it('nothing of an ordinary project', () => {
    const paths =
      words(`src/a.ts README.md docs/guide.md test/a.test.ts src/config.ts src/app/app.config.ts lib/theme.config.js
      LICENSE CHANGELOG.md .gitignore .editorconfig src/build.ts src/package/index.ts a.sh main.go src/lib.rs
      app/models/user.rb data/a.json public/index.html src/environment.ts src/hooks/useA.ts src/agents/a.md
      media/a.svg .vscodeignore src/env.d.ts locales/en.yml pages/[id].vue src/docker.ts src/make.ts .nvmrc
      vendor/a.js schema.graphql`);
    for (const path of paths) {
      assert.equal(one(make(path)), 'pass', path);
      assert.equal(one(fileChange(path, 'x', undefined)), 'pass', path);
    }
  });

  const before = JSON.stringify({
    name: 'a',
    version: '1.0.0',
    scripts: { test: 'mocha' },
    dependencies: { zod: '4' },
  });
  const manifests: [string, string | undefined, string | undefined, string][] = [
    ['a new version', before, before.replace('1.0.0', '1.0.1'), 'pass'],
    [
      'a description, in another order and form',
      before,
      JSON.stringify({ dependencies: { zod: '4' }, description: 'd', ...JSON.parse(before) }, null, 2),
      'pass',
    ],
    ['its keys in another order', '{"scripts":{"a":"1","b":"2"}}', '{"scripts":{"b":"2","a":"1"}}', 'pass'],
    ['a byte order mark', before, `\ufeff${before}`, 'pass'],
    ['a script', before, before.replace('mocha', 'sh x'), 'held package-manager'],
    ['a new script', before, before.replace('"mocha"', '"mocha","postinstall":"x"'), 'held package-manager'],
    ['a dependency', before, before.replace('"4"', '"npm:other@4"'), 'held package-manager'],
    ['a bin', before, before.replace('{"name"', '{"bin":"x","name"'), 'held package-manager'],
    ['workspaces', before, before.replace('{"name"', '{"workspaces":["x"],"name"'), 'held package-manager'],
    ['overrides', before, before.replace('{"name"', '{"overrides":{},"name"'), 'held package-manager'],
    [
      'a configuration of some tool',
      before,
      before.replace('{"name"', '{"jest":{"preset":"x"},"name"'),
      'held package-manager',
    ],
    [
      'a key twice',
      before,
      before.replace('{"name"', '{"scripts":{"test":"mocha"},"name"').replace('"mocha"},"dep', '"evil"},"dep'),
      'held package-manager',
    ],
    ['what cannot be read', before, `${before},`, 'held package-manager'],
    ['a repair of what could not be read', '{', before, 'held package-manager'],
    ['an array', before, '[]', 'held package-manager'],
    ['a prototype', before, before.replace('{"name"', '{"__proto__":{"scripts":{}},"name"'), 'held package-manager'],
    ['nesting without end', before, '['.repeat(100_000), 'held package-manager'],
    ['a new one that runs nothing', undefined, '{"name":"a","type":"module"}', 'pass'],
    ['a new one that runs something', undefined, before, 'held package-manager'],
    ['a removal', before, undefined, 'held package-manager'],
  ];
  for (const [name, old, now, verdict] of manifests) {
    it(`hostile input 23: package.json with ${name}: ${verdict}`, () =>
      assert.equal(one(fileChange('packages/a/package.json', old, now)), verdict));
  }

  it('package.json that is no text, or a link', () => {
    assert.equal(
      one(make('package.json', { mode: '100644', sha: '1', bytes: 3_000_000 }, before)),
      'held package-manager',
    );
    assert.equal(one(make('package.json', link('other.json'), before)), 'held package-manager');
    assert.equal(one(make('package.json', link('{}'), '{}')), 'held package-manager');
  });

  const others: [string, string, string | undefined, string | undefined, string][] = [
    ['composer.json', 'a description', '{"scripts":{}}', '{"scripts":{},"description":"d"}', 'pass'],
    ['composer.json', 'a script', '{}', '{"scripts":{"post-install-cmd":"x"}}', 'held package-manager'],
    [
      'pyproject.toml',
      'a version',
      '[project]\nversion = "1"\ndependencies = []\n',
      '[project]\nversion = "2"\ndependencies = []\n',
      'pass',
    ],
    [
      'pyproject.toml',
      'a dependency',
      '[project]\nversion = "1"\n',
      '[project]\nversion = "1"\ndependencies = ["x"]\n',
      'held package-manager',
    ],
    [
      'pyproject.toml',
      'a build system',
      '[project]\n',
      '[project]\n[build-system]\nbuild-backend = "x"\n',
      'held package-manager',
    ],
    [
      'pyproject.toml',
      'a version of something else',
      '[project]\n[tool.x]\nversion = "1"\n',
      '[project]\n[tool.x]\nversion = "2"\n',
      'held package-manager',
    ],
    [
      'pyproject.toml',
      'a version within a text',
      '[tool.x]\nrun = """\n[project]\nversion = "1"\n"""\n',
      '[tool.x]\nrun = """\n[project]\nversion = "2"\n"""\n',
      'held package-manager',
    ],
    ['pyproject.toml', 'a first version', undefined, '[project]\nversion = "1"\n', 'held package-manager'],
    [
      'Cargo.toml',
      'a version',
      '[package]\nname = "a"\nversion = "0.1.0"\n',
      '[package]\nname = "a"\nversion = "0.2.0"\n',
      'pass',
    ],
    [
      'Cargo.toml',
      'a build script',
      '[package]\nname = "a"\n',
      '[package]\nname = "a"\nbuild = "x.rs"\n',
      'held package-manager',
    ],
    ['Cargo.toml', 'a dependency', '[dependencies]\n', '[dependencies]\nversion = "1"\n', 'held package-manager'],
    [
      'tsconfig.json',
      'an option',
      '{"compilerOptions":{}}',
      '{\n // strict\n "compilerOptions": { "strict": true, }, "include": ["a//b", ",]"],\n}',
      'pass',
    ],
    ['tsconfig.json', 'a plug-in', '{}', '{"compilerOptions":{"plugins":[{"name":"x"}]}}', 'held build-config'],
    ['tsconfig.json', 'another base', '{}', '{"extends":"./node_modules/x"}', 'held build-config'],
    ['tsconfig.build.json', 'another output', '{}', '{"compilerOptions":{"outDir":".git/hooks"}}', 'held build-config'],
    ['tsconfig.json', 'a loader', '{}', '{"ts-node":{"require":["x"]}}', 'held build-config'],
    ['tsconfig.json', 'what cannot be read', '{}', '{ /* ', 'held build-config'],
    ['jsconfig.json', 'nothing of weight', undefined, '{"compilerOptions":{"checkJs":true}}', 'pass'],
  ];
  for (const [path, name, old, now, verdict] of others) {
    it(`${path} with ${name}: ${verdict}`, () => assert.equal(one(fileChange(path, old, now)), verdict));
  }

  it('says what is changed', () => {
    const [verdict] = judgeChange(
      [fileChange('package.json', before, before.replace('mocha', 'x').replace('"4"', '"5"'))],
      options,
    );
    assert.equal(
      verdict!.reason,
      'The package manager runs it or installs what it names, and it changes scripts, dependencies.',
    );
  });
});

describe('what a check would execute', () => {
  it('is told by name, and by content where there is some', () => {
    for (const path of words(`package.json Makefile vite.config.ts .mocharc.json .env tsconfig.json conftest.py .npmrc Dockerfile build.rs
      node_modules/a/x.js`)) {
      assert.ok(executes(path), path);
    }
    for (const path of [
      'src/a.ts',
      '.vscode/tasks.json',
      'AGENTS.md',
      '.github/workflows/ci.yml',
      'README.md',
      'test/a.test.ts',
    ]) {
      assert.ok(!executes(path), path);
    }
    const [a, b] = [side('{"version":"1","scripts":{}}'), side('{"version":"2","scripts":{}}')];
    assert.ok(!executes('package.json', a, b));
    assert.ok(executes('package.json', a, side('{"version":"1","scripts":{"test":"x"}}')));
    assert.ok(executes('package.json', a, undefined));
    assert.ok(executes('Makefile', side('a'), side('b')));
    assert.ok(!executes('tsconfig.json', side('{}'), side('{"compilerOptions":{"strict":true}}')));
  });
});
