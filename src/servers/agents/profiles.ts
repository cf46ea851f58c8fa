import type { AdapterName } from '../../node/agents/adapters.ts';

/**
 * The agents that are known, as data: how each is started, where it lies, how it is made to ask, and what it says that is no answer. A
 * new one is a row here; any other that speaks the Agent Client Protocol needs none (see `genericProfile`).
 * Source of what is said about each: its own behaviour, seen by running it against a loopback model.
 */

export interface Profile {
  readonly name: string;
  readonly title: string;
  /** Names of its program, in order. */
  readonly programs: readonly string[];
  /** Folders that only its own installer uses. */
  readonly folders?: readonly string[];
  /** Variables of the person's that name its program. */
  readonly pathVariables?: readonly string[];
  /** What speaks the protocol in its place, and the variable by which it is told where the program is. */
  readonly adapter?: { readonly name: AdapterName; readonly variable: string };
  /** Arguments that make it speak the protocol. */
  readonly args: readonly string[];
  /** Arguments for one model; `${model}` is filled in. They stand before `args`, or in the place of an `${at}` in it. */
  readonly modelArgs?: readonly string[];
  /** Arguments for the effort of such a model; `${effort}` is filled in. What it says of a model that has none. */
  readonly effortArgs?: { readonly args: readonly string[]; readonly none: RegExp };
  /** It refuses MCP servers in a session, and takes them from a file that these arguments name, for the whole process; `${file}` is filled in. */
  readonly serverArgs?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables of the person's that are its own; those of the other agents it does not get. */
  readonly variables: readonly string[];
  /** How one signs in, and how it is installed: commands for the person. */
  readonly signIn: string;
  readonly install: string;
  /** Ways to sign in that cost nothing and ask nobody; the first whose variable is set is taken (none: always). */
  readonly authenticate?: readonly { readonly method: string; readonly variable?: string }[];
  /** Files that are there when somebody signed in, below its folder or the home folder, and variables that hold a key. */
  readonly signedIn: {
    readonly files: readonly string[];
    readonly variables: readonly string[];
    /** Arguments of a command of its own that ends with 0 when somebody is signed in. */
    readonly status?: readonly string[];
    /** Files in which a provider of the person's own may stand. */
    readonly settings?: readonly string[];
  };
  /** Modes in which it asks before it does anything, in order; the first that it offers is set. */
  readonly askModes: readonly string[];
  /** The value of its option of the category `permissions` with which it asks. */
  readonly askValue?: string;
  /** It must be brought into one of them, or it is not asked at all. */
  readonly mustAsk: boolean;
  /** Gives a session a title of ours, so that it does not have one made by a model: the method. */
  readonly titleMethod?: string;
  /** False: it cannot make files when we read files for it, since it does not understand our word that one is not there. */
  readonly readsThroughUs?: boolean;
  /** `_meta` of a new or resumed session. */
  readonly sessionMeta?: 'claude' | 'grok';
  /** It starts the MCP servers of a session behind its back: the notification that tells that they are there. */
  readonly serversReady?: string;
  /** How a model is had that it does not list: by a process of its own with arguments or a variable, in the session's `_meta`, or not. */
  readonly unlisted: 'args' | 'codex-config' | 'meta' | 'set' | 'no';
  /** False: what it says it can resume it often cannot. */
  readonly resumes: boolean;
  /** A session that is closed leaves its MCP servers running; only the end of the process ends them. */
  readonly leavesServers?: boolean;
  /** Sessions that may be open at once in one process; more wait. */
  readonly sessions: number;
  /** A permission request of its own form: an edit with a diff of its making, a call of an MCP server's tool named when it begins. */
  readonly asksLike?: 'copilot';
  /** What it says it used is the sum of all turns since its process opened the session. */
  readonly sumsUsage?: true;
  /** Chunks of its messages that are warnings of its own. */
  readonly warnings: readonly RegExp[];
  /** It tells a failure as the last piece of a message and ends its turn as if all were well. */
  readonly failureText?: RegExp;
  /** It was tried in a sandbox. */
  readonly boxed?: boolean;
  /** Folders that it must be able to write: its sign-in and its sessions. The first is made where it is not there. */
  readonly stores: readonly string[];
  /** Others that it cannot start without. */
  readonly storesMade?: readonly string[];
}

/** A model that was taken away is told of as text by some, with a good status. */
export const retiredNotice =
  /\b(?:is|are) no longer (?:available|supported)\b[^\n]{0,200}\b(?:switch|migrate|upgrade|use|update)\b|\bhas been (?:retired|deprecated|discontinued|sunset)\b[^\n]{0,120}\b(?:switch|migrate|upgrade|use)\b/i;

const codex: Profile = {
  name: 'codex',
  title: 'Codex',
  programs: ['codex'],
  pathVariables: ['CODEX_PATH'],
  adapter: { name: 'codex-acp', variable: 'CODEX_PATH' },
  args: [],
  env: { NO_BROWSER: '1', RUST_LOG: 'error', INITIAL_AGENT_MODE: 'read-only' },
  variables: ['CODEX_*', 'OPENAI_*', 'AZURE_OPENAI_*', 'MODEL_PROVIDER'],
  signIn: 'codex login (with a key: codex login --with-api-key)',
  install: 'npm install --global @openai/codex',
  signedIn: {
    files: ['~/.codex/auth.json', '$CODEX_HOME/auth.json'],
    // A key in the environment is not read; `codex login --with-api-key` takes it.
    variables: [],
    status: ['login', 'status'],
    settings: ['~/.codex/config.toml', '$CODEX_HOME/config.toml'],
  },
  // `agent`, its default, has a model decide instead of the person.
  askModes: ['read-only', 'workspace-write'],
  mustAsk: true,
  // Without one it starts a second thread with a model of its choice and no policy, which writes into trusted folders.
  titleMethod: 'session/set_title',
  unlisted: 'codex-config',
  resumes: true,
  leavesServers: true,
  sessions: 16,
  warnings: [/^\s*(?:\W*\s*warning\b.{0,20})?model metadata for .{1,200} not found/i],
  boxed: true,
  stores: ['~/.codex', '$CODEX_HOME'],
};

const claude: Profile = {
  name: 'claude',
  title: 'Claude Code',
  programs: ['claude'],
  folders: ['~/.claude/local', '~/.claude/local/node_modules/.bin'],
  pathVariables: ['CLAUDE_CODE_EXECUTABLE'],
  adapter: { name: 'claude-agent-acp', variable: 'CLAUDE_CODE_EXECUTABLE' },
  args: [],
  env: {
    CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: 'false',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
    // By itself it repeats a request that is refused for minutes, without a word; we have another route.
    CLAUDE_CODE_MAX_RETRIES: '2',
  },
  variables: ['CLAUDE_*', 'ANTHROPIC_*', 'AWS_*', 'VERTEX_*', 'CLOUDSDK_*', 'GOOGLE_CLOUD_*'],
  signIn: 'claude, then /login',
  install: 'npm install --global @anthropic-ai/claude-code',
  signedIn: {
    // On macOS it keeps its sign-in in the keychain, where we do not look.
    files: ['~/.claude/.credentials.json', '$CLAUDE_CONFIG_DIR/.credentials.json'],
    variables: ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'CLAUDE_CODE_OAUTH_TOKEN'],
    status: ['auth', 'status'],
    settings: ['~/.claude/settings.json', '$CLAUDE_CONFIG_DIR/settings.json'],
  },
  // `auto`, its default, has a classifier decide instead of the person.
  askModes: ['default'],
  mustAsk: true,
  sessionMeta: 'claude',
  unlisted: 'meta',
  resumes: true,
  // Each is a process of some 175 MB.
  sessions: 4,
  warnings: [],
  boxed: true,
  stores: ['~/.claude', '~/.claude.json', '$CLAUDE_CONFIG_DIR'],
};

const gemini: Profile = {
  name: 'gemini',
  title: 'Gemini CLI',
  programs: ['gemini'],
  args: ['--acp', '--skip-trust'],
  modelArgs: ['-m', '${model}'],
  // Without it a launcher stands before the agent, which neither the end of stdin nor a signal gets through to.
  env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
  variables: ['GEMINI_*', 'GOOGLE_*', 'CLOUDSDK_*', 'VERTEX_*'],
  signIn: 'gemini (a key in GEMINI_API_KEY, Vertex AI or an enterprise plan; personal logins ended in June 2026)',
  install: 'npm install --global @google/gemini-cli',
  authenticate: [
    { method: 'gemini-api-key', variable: 'GEMINI_API_KEY' },
    { method: 'vertex-ai', variable: 'GOOGLE_API_KEY' },
  ],
  signedIn: {
    files: ['~/.gemini/oauth_creds.json'],
    variables: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_APPLICATION_CREDENTIALS'],
  },
  askModes: ['default'],
  mustAsk: true,
  readsThroughUs: false,
  unlisted: 'set',
  // `session/load` fails for most of its own ids.
  resumes: false,
  sessions: 8,
  warnings: [],
  boxed: true,
  stores: ['~/.gemini'],
};

const grok: Profile = {
  name: 'grok',
  title: 'Grok Build',
  programs: ['grok'],
  folders: ['$GROK_HOME/bin', '~/.grok/bin'],
  args: ['agent', '--no-leader', '${at}', 'stdio'],
  modelArgs: ['-m', '${model}'],
  env: {
    GROK_DISABLE_AUTOUPDATER: '1',
    // Each would send a second request to the model in every turn.
    GROK_PROMPT_SUGGESTIONS: 'false',
    GROK_TURN_SUMMARY: 'false',
    GROK_SESSION_RECAP: 'false',
    GROK_TITLE_REFRESH: 'false',
    // No variable switches off the first title; a model that it does not have does.
    GROK_SESSION_SUMMARY_MODEL: 'none',
    // What the person set for work of their own must not keep it from asking.
    GROK_DEFAULT_PERMISSION_MODE: 'default',
    GROK_AUTO_PERMISSION_MODE: 'false',
  },
  variables: ['GROK_*', 'XAI_*'],
  signIn: 'grok login',
  install: 'npm install --global @xai-official/grok',
  authenticate: [{ method: 'xai.api_key', variable: 'XAI_API_KEY' }, { method: 'grok.com' }],
  signedIn: { files: ['~/.grok/auth.json', '$GROK_HOME/auth.json'], variables: ['XAI_API_KEY'] },
  // It offers none over the protocol; `_meta` and variables keep it asking.
  askModes: ['default', 'ask', 'manual'],
  mustAsk: false,
  sessionMeta: 'grok',
  serversReady: '_x.ai/mcp_initialized',
  unlisted: 'args',
  resumes: true,
  sessions: 16,
  warnings: [],
  boxed: true,
  stores: ['~/.grok', '$GROK_HOME'],
};

const cursor: Profile = {
  name: 'cursor',
  title: 'Cursor',
  programs: ['cursor-agent'],
  args: ['acp'],
  env: {},
  variables: ['CURSOR_*'],
  signIn: 'cursor-agent login',
  install: "Cursor's own installer (cursor.com/cli); the npm package of that name is another's",
  authenticate: [{ method: 'cursor_login' }],
  signedIn: { files: ['~/.config/cursor/auth.json'], variables: ['CURSOR_API_KEY'] },
  // `plan` and `ask` only read.
  askModes: ['agent', 'default'],
  mustAsk: false,
  unlisted: 'no',
  resumes: true,
  sessions: 8,
  warnings: [],
  stores: ['~/.cursor', '~/.config/cursor', '~/.local/share/cursor-agent'],
};

const copilot: Profile = {
  name: 'copilot',
  title: 'Copilot CLI',
  programs: ['copilot'],
  args: ['--acp'],
  modelArgs: ['--model', '${model}'],
  effortArgs: { args: ['--reasoning-effort', '${effort}'], none: /does not support reasoning effort/i },
  // In a session it takes servers over HTTP alone, though its own notes say otherwise (1.0.102).
  serverArgs: ['--additional-mcp-config', '@${file}'],
  env: {
    COPILOT_AUTO_UPDATE: 'false',
    // What the person set for work of their own must not keep it from asking.
    COPILOT_ALLOW_ALL: 'false',
    COPILOT_ASSISTED_APPROVAL: 'false',
  },
  variables: ['COPILOT_*', 'GH_TOKEN', 'GITHUB_TOKEN', 'GH_HOST'],
  signIn: 'copilot login',
  install: 'npm install --global @github/copilot',
  signedIn: {
    files: [],
    // With a provider of the person's own it needs no account.
    variables: ['COPILOT_GITHUB_TOKEN', 'GH_TOKEN', 'GITHUB_TOKEN', 'COPILOT_PROVIDER_BASE_URL'],
  },
  // `autopilot` asks nobody, `plan` only reads.
  askModes: ['https://agentclientprotocol.com/protocol/session-modes#agent', 'agent', 'default'],
  mustAsk: true,
  askValue: 'off',
  // With a provider of the person's own it lists no model, and takes any that it is started with.
  unlisted: 'args',
  resumes: true,
  asksLike: 'copilot',
  sumsUsage: true,
  sessions: 8,
  warnings: [/^Info: [^\n]{1,200}\bretrying\.\.\.\s*$/i, /^Info: Operation cancelled by user\s*$/],
  failureText: /^Error: \S/,
  boxed: true,
  stores: ['~/.copilot', '$COPILOT_HOME', '~/.config/github-copilot', '~/.config/gh'],
  // It unpacks itself there when it is first started.
  storesMade: ['~/.cache/copilot', '$XDG_CACHE_HOME/copilot', '$COPILOT_CACHE_HOME', '$COPILOT_PKG_CACHE_HOME'],
};

/** By their names in routes. */
export const profiles: Readonly<Record<string, Profile>> = { codex, claude, gemini, grok, cursor, copilot };

/** An agent that only the configuration names: any command that speaks the protocol on its stdin and stdout. */
export function genericProfile(name: string, command: string, args: readonly string[]): Profile {
  return {
    name,
    title: name,
    programs: [command],
    args,
    env: {},
    // Nobody knows which of the vendors' variables it reads.
    variables: ['*'],
    signIn: `the sign-in of ${command} itself`,
    install: `install ${command}, or name its absolute path`,
    signedIn: { files: [], variables: [] },
    askModes: ['default', 'ask', 'manual', 'normal', 'build'],
    mustAsk: false,
    unlisted: 'no',
    resumes: true,
    sessions: 8,
    warnings: [],
    stores: [`~/.${name}`, `~/.config/${name}`, `~/.local/share/${name}`, `~/.local/state/${name}`, `~/.cache/${name}`],
  };
}
