import { compilerChange, manifestChange, tomlChange } from './contents.ts';
import type { Texts } from './contents.ts';

/**
 * Files that make some other program run or trust something. One table; the first row that fits decides.
 * Names, folders and paths are globs in lower case; they are compared with folded paths, so spelling does not help.
 */

export interface Sink {
  /** The stable reason code. */
  readonly code: string;
  /** What the person is told, as half a sentence. */
  readonly why: string;
  /** True when a build, a test or a lint would execute it. */
  readonly runs: boolean;
  /** Globs for any segment of the path. */
  readonly folders?: readonly string[];
  /** Globs for the last segment. */
  readonly names?: readonly string[];
  /** Globs for the whole path, or the end of it after a `/`. */
  readonly paths?: readonly string[];
  /** Not below a folder of this name. */
  readonly notIn?: readonly string[];
  /** Where the content decides: half a sentence for a telling change, undefined for a harmless one. */
  readonly judge?: (texts: Texts) => string | undefined;
}

const code = '{js,cjs,mjs,jsx,ts,cts,mts,tsx}';

/** The words of a text. All are in lower case, as the paths are that they are compared with. */
function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Keys of package.json that run nothing. Any other is taken for some tool's configuration. */
const describing = [
  'name',
  'version',
  'description',
  'keywords',
  'homepage',
  'bugs',
  'license',
  'author',
  'contributors',
  'maintainers',
  'funding',
  'repository',
  'private',
  'files',
  'main',
  'module',
  'browser',
  'exports',
  'types',
  'typings',
  'type',
  'sideEffects',
  'engines',
  'os',
  'cpu',
  'displayName',
  'publisher',
  'categories',
  'icon',
  'man',
  '$schema',
];

const describingPhp = [
  'name',
  'description',
  'version',
  'type',
  'keywords',
  'homepage',
  'readme',
  'time',
  'license',
  'authors',
  'support',
  'funding',
  '_comment',
  'abandoned',
];

const yml = 'y{a,}ml';

const byManager = {
  code: 'package-manager',
  why: 'the package manager runs it or installs what it names',
  runs: true,
} as const;
const byBuild = {
  code: 'build-config',
  why: 'a build, a test or a lint executes it or loads the code that it names',
  runs: true,
} as const;

export const sinks: readonly Sink[] = [
  {
    code: 'editor-settings',
    why: 'editors take settings, tasks and programs to start from it',
    runs: false,
    folders:
      words(`.vscode{,-insiders,-server,-test} .idea .devcontainer .zed .fleet .vs .theia .nova .helix .vim .nvim .emacs.d .run .settings .gitpod*
      .codesandbox .stackblitz* .replit* .idx`),
    names:
      words(`*.code-{workspace,snippets,profile} *.sublime-{project,workspace,build} .devcontainer.json .exrc .{,g}vimrc .nvimrc
      .nvim.lua .lvimrc .dir-locals{,-2}.el .emacs .spacemacs *.iml *.ipr *.iws .project .classpath .vimspector.json
      .ycm_extra_conf.py .ccls .clangd compile_commands.json`),
  },
  {
    code: 'agent-settings',
    why: 'agents take instructions, permissions or programs to start from it',
    runs: false,
    folders:
      words(`.cursor* .claude* .codex* .gemini* .serena* .roo* .kilo* .cline* .windsurf* .continue* .aider* .amazonq .junie .augment*
      .opencode* .qwen* .grok* .copilot* .agent .agents .goose* .crush* .trae* .kiro* .warp .openhands .mcp .aiassistant`),
    names:
      words(`{,.}mcp.json .mcp.${yml} agents{,.override,.local}.md claude{,.local}.md {gemini,qwen,codex,warp,crush,skill}.md
      copilot-*.md *.{prompt,instructions,chatmode,agent}.md .cursorrules .windsurfrules .clinerules .goosehints opencode.json{,c}
      crush.json .aiexclude .rules`),
    paths: words('.github/{instructions,prompts,chatmodes,agents,hooks,skills}/**'),
  },
  {
    code: 'ci',
    why: 'continuous integration, deployment or update services run it or trust it',
    runs: false,
    folders:
      words(`.circleci .buildkite .azuredevops .azure-pipelines .teamcity .semaphore .woodpecker .concourse .cirrus .harness .tekton
      .gitlab .travis .ci .drone .vercel .netlify`),
    names:
      words(`.gitlab-ci*.${yml} jenkinsfile* *.jenkinsfile azure-pipelines*.${yml} .travis.${yml} {,.}appveyor.${yml}
      bitbucket-pipelines.${yml} .drone.{yml,yaml,star,jsonnet} .woodpecker.${yml} buildspec*.${yml} cloudbuild*.{yml,yaml,json}
      .cirrus.{yml,yaml,star} codeowners dependabot.${yml} renovate.json{,5,c} .renovaterc* netlify.toml vercel.json{,c}
      wrangler.{toml,json,jsonc} fly.toml render.${yml} .readthedocs.${yml} codemagic.${yml} bitrise.${yml} .goreleaser*.${yml}
      .releaserc* release-please-config.json serverless*.${yml}`),
    paths: words(`.{github,gitea,forgejo}/{workflows,actions}/** action.${yml}`),
  },
  {
    code: 'git-settings',
    why: 'git takes filters, drivers, hooks or remote places from it',
    runs: false,
    folders: words('.husky .githooks .git-hooks githooks git-hooks .lefthook* .overcommit'),
    names:
      words(`.gitattributes .gitconfig .gitmodules .lfsconfig {,.}lefthook{,-local}.{yml,yaml,toml,json} .pre-commit-{config,hooks}.${yml}
      .overcommit.yml .huskyrc* {,.}simple-git-hooks.* .lintstagedrc* lint-staged.config.* .czrc .yorkie*
      {pre,post}-{commit,rebase,merge-commit,receive,applypatch,checkout,merge,rewrite,update,push,auto-gc} {prepare-,}commit-msg
      {applypatch-msg,fsmonitor-watchman,sendemail-validate,reference-transaction,proc-receive,push-to-checkout}`),
  },
  { ...byManager, names: ['package.json', 'package.json5', `package.${yml}`], judge: manifestChange(describing) },
  { ...byManager, names: ['composer.json'], judge: manifestChange(describingPhp) },
  { ...byManager, names: ['pyproject.toml'], judge: tomlChange(['project', 'tool.poetry']) },
  { ...byManager, names: ['cargo.toml'], judge: tomlChange(['package', 'workspace.package']) },
  {
    ...byManager,
    folders: words('.yarn .pnpm .cargo .bundle .mvn .nuget .npm .pip .pixi node_modules .venv venv site-packages'),
    // JavaScript; Python; Rust, Go, Ruby, PHP and others; JVM and .NET; Nix.
    names:
      words(`package-lock.json npm-shrinkwrap.json yarn.lock pnpm-{lock,workspace}.${yml} {,.}pnpmfile.* bun.lock{,b} bunfig.toml
      deno.{json,jsonc,lock} .npmrc .yarnrc* .pnp.* .bowerrc bower.json jsr.json{,c} lerna.json rush.json
      requirements*.{txt,in} constraints*.txt pip.{conf,ini} .pypirc setup.{py,cfg} pipfile{,.lock} {poetry,uv,pdm,pixi}.{lock,toml}
      environment.${yml} .condarc conda*.${yml} *.pth {site,user}customize.py manifest.in hatch_build.py
      cargo.lock build.rs rust-toolchain{,.toml} go.{mod,sum,work,work.sum} gemfile* gems.{rb,locked} *.gemspec composer.lock
      mix.{exs,lock} rebar.{config,lock} pubspec*.{yaml,lock} package{,@*}.swift package.resolved podfile* *.podspec cartfile*
      stack.yaml* *.cabal cabal.project* setup.hs dune-project *.opam build.zig* conanfile.* vcpkg*.json *.nimble shard.{yml,lock}
      renv.lock elm.json spago.* project.clj deps.edn
      pom.xml *.gradle{,.kts} gradle.properties gradlew* gradle-wrapper.* mvnw* ivy.xml build.{sbt,sc,mill} *.sbt nuget.config global.json
      packages.{lock.json,config} *.{cs,fs,vb,vcx,sql,es,pro}proj *.{props,targets,sln,slnx} dotnet-tools.json paket.*
      *.nix flake.lock guix.scm devbox.{json,lock}`),
    paths: words('requirements/*.txt patches/** vendor/modules.txt'),
  },
  {
    code: 'shell',
    why: 'shells, build drivers or containers run it',
    runs: true,
    folders: words('.direnv .mise* .asdf* .moon .bazel* .just .devenv'),
    names:
      words(`.envrc .{bash,zsh,ksh,csh,tcsh}rc .bash_{profile,login,logout,aliases} .profile .z{shenv,profile,login,logout} *.fish
      .inputrc .login {microsoft.powershell_,}profile.ps1 {,gnu,bsd}makefile* *.mk {,.}justfile *.just taskfile*.${yml} rakefile* *.rake
      dockerfile* *.dockerfile containerfile* {,docker-}compose*.${yml} docker-bake*.{hcl,json} vagrantfile procfile* tiltfile earthfile
      skaffold*.${yml} .tool-versions {,.}mise*.toml .rtx.toml devenv.yaml .gdbinit .lldbinit .irbrc .pryrc .rprofile .renviron .wgetrc
      .curlrc .netrc .psqlrc .sqliterc .pdbrc* .pythonrc* autorun.inf desktop.ini *.{desktop,lnk,scf,webloc,command,reg}
      configure{,.ac,.in} {autogen,bootstrap,build}.{sh,ps1,cmd,bat} cmakelists.txt *.cmake cmake{,user}presets.json
      meson{.build,_options.txt} sconstruct sconscript wscript build{,.bazel} workspace{,.bazel} module.bazel* *.bzl .bazelrc*
      .buckconfig buck build.ninja premake*.lua xmake.lua pants.toml noxfile.py fabfile.py dodo.py magefile.go .air.toml`),
  },
  {
    code: 'environment-file',
    why: 'programs and tests take their environment from it, and it may hold secrets',
    runs: true,
    names: words('.env* *.env .flaskenv .dev.vars*'),
  },
  { ...byBuild, names: ['{ts,js}config*.json'], judge: compilerChange },
  {
    ...byBuild,
    folders: words('.storybook .ladle .babel* .swcrc* .meteor .eslint* .mocharc* .stylelintrc* .prettierrc*'),
    names:
      words(`{vite,vitest,jest,eslint,webpack,rollup,babel,postcss,tailwind,prettier,stylelint,playwright,cypress,karma,esbuild,tsup,rspack,metro,next,nuxt,svelte,astro,wdio,ava,mocha}{,.*}.{config,conf,workspace}.{js,cjs,mjs,ts,cts,mts,json}
      {jest,vitest,mocha,karma,test,cypress}{.,-,_}{setup,preset,global,bootstrap,env}*.${code} setuptests.${code}
      global{-,.,}{setup,teardown}.${code}
      .{mocha,babel,eslint,prettier,stylelint,swc,nyc,c8,postcss,jshint,jscs,graphql,depcheck,jsdoc,tap,ava,istanbul,svgo,browserslist,oxlint,oxfmt,remark,textlint,markdownlint,cspell,madge}{,rc}{,.*}
      .dependency-cruiser.* {gulp,grunt,jake}file{,.babel}.{js,cjs,mjs,ts,cts,mts,coffee} {wallaby,esbuild,webpack,rollup,brunch-config,ember-cli-build,testem,karma}.${code}
      nx.json turbo.json{,c} angular.json .angular-cli.json workspace.json project.json cypress.json wireit.json .parcelrc nodemon.json .nodemonrc*
      dangerfile* biome.json{,c} conftest.py tox.ini {,.}pytest.{ini,toml} .coveragerc {,.}mypy.ini {,.}pylintrc* .flake8 .bandit alembic.ini
      phpunit*.xml* phpstan*.neon* psalm.xml* .php-cs-fixer*.php {rector,ecs,pest}.php .rspec* .rubocop*.yml .simplecov guardfile
      .golangci*.{yml,yaml,toml,json} clippy.toml {,.}rustfmt.toml nextest.toml .credo.exs .formatter.exs .scalafix.conf checkstyle.xml
      detekt.${yml} buf*.${yml}`),
  },
  {
    code: 'build-config',
    why: 'it has the form of a configuration that some tool executes',
    runs: true,
    // Frameworks have parts of the program itself called so, in these folders.
    notIn: ['src', 'app', 'lib'],
    names: words(`*.{config,conf,workspace}.${code} .*rc.${code} .*rc.json{,c,5} .*rc.${yml}`),
  },
];
