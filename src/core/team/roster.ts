import { briefs } from './briefs.ts';
import type { TeamLayer } from './file.ts';

/**
 * The built-in team: the mission's roster as data, as of 2026-11-28. Nothing in the code knows a model by name.
 *
 * `ids`: the model itself first, then its declared successors in order (vendors' deprecation pages and catalogues). Full
 * ids, never aliases such as `sonnet`: an alias moves on by itself, and then nobody could tell who answered.
 * `price`: list price per million tokens below the long-context surcharge, of the dearer of the model and the successor
 * that answers for it first, so that an estimate rather holds too much back than too little.
 * `context`: what the smallest of those that still answer takes in.
 */

/** What agents and vendors' libraries read of the person's environment: where they keep themselves, keys, addresses. */
const vendorVariables = [
  'CODEX_*',
  'OPENAI_*',
  'AZURE_OPENAI_*',
  'CLAUDE_*',
  'ANTHROPIC_*',
  'GEMINI_*',
  'GOOGLE_*',
  'CLOUDSDK_*',
  'GROK_*',
  'XAI_*',
  'CURSOR_*',
  'COPILOT_*',
  'GH_TOKEN',
  'GITHUB_TOKEN',
  'GOOSE_*',
  'OPENCODE_*',
  'QWEN_*',
  'DASHSCOPE_*',
  'MISTRAL_*',
  'DEEPSEEK_*',
  'GROQ_*',
  'OPENROUTER_*',
  'OLLAMA_*',
  'AWS_*',
  'VERTEX_*',
];

/** Where version managers keep Node and the programs that were installed with it. */
const nodeVariables = [
  'NVM_*',
  'FNM_*',
  'VOLTA_HOME',
  'ASDF_*',
  'MISE_*',
  'NPM_CONFIG_PREFIX',
  'PNPM_HOME',
  'BUN_INSTALL',
];

/** The servers that ship with the product. `${node}` and `${servers}` are filled in by whoever starts them. */
const servers: NonNullable<TeamLayer['servers']> = {
  agents: {
    command: '${node}',
    args: ['${servers}/agents.mjs', '${agent}'],
    pass: [...vendorVariables, ...nodeVariables, 'ORCHESTRA_*', 'DBUS_SESSION_BUS_ADDRESS'],
  },
  keys: {
    command: '${node}',
    args: ['${servers}/keys.mjs'],
    // Keys alone: addresses are its own, so that no variable can lead them elsewhere.
    pass: [
      'OPENAI_API_KEY',
      'ANTHROPIC_API_KEY',
      'GEMINI_API_KEY',
      'GOOGLE_GENERATIVE_AI_API_KEY',
      'GOOGLE_API_KEY',
      'XAI_API_KEY',
      'OPENROUTER_API_KEY',
    ],
  },
};

/** Servers that a host with models of its own serves from its own process: the editor's language models. */
export const hostedServers = ['vscode-lm'] as const;

const allEfforts: ('low' | 'medium' | 'high')[] = ['low', 'medium', 'high'];

/**
 * The ways to a model in their order: the vendor's agent, signed in by the person; the person's key for the vendor; a key
 * for OpenRouter, which has ids of its own.
 */
function routes(
  agent: string,
  provider: string,
  ids: string[],
  routed: string[],
): { server: string; agent: string; ids: string[]; unasked?: boolean }[] {
  return [
    // Grok's shell makes files and folders unasked.
    { server: 'agents', agent, ids, ...(agent === 'grok' && { unasked: true }) },
    { server: 'keys', agent: provider, ids },
    { server: 'keys', agent: 'openrouter', ids: routed },
  ];
}

const openaiSuccessors = ['gpt-6.2-sol', 'gpt-6.1-sol', 'gpt-6-sol', 'gpt-5.6-sol', 'gpt-5.6-terra', 'gpt-5.6-luna'];

/** OpenRouter puts the vendor in front. */
const byVendor = (vendor: string, ids: readonly string[]): string[] => ids.map((id) => `${vendor}/${id}`);

/** Where OpenRouter's ids are the vendor's own. */
const ownIds = (agent: string, provider: string, vendor: string, ids: string[]) =>
  routes(agent, provider, ids, byVendor(vendor, ids));

/** In the mission's order of priority. */
const models: NonNullable<TeamLayer['models']> = {
  'claude-4.5': {
    title: 'Claude 4.5',
    vendor: 'Anthropic',
    context: 200_000,
    efforts: allEfforts,
    price: { input: 3, output: 15 },
    note: 'Sonnet 4.5 is guaranteed until 2026-09-29 only, Opus 4.5 until 2026-11-24; Sonnet 5.5 and Opus 5.5 succeed them.',
    // Haiku late: a small model leads a team only when no larger one answers. Fable last: its price is three times the one below.
    routes: routes(
      'claude',
      'anthropic',
      [
        'claude-sonnet-4-5-20250929',
        'claude-opus-4-5-20251101',
        'claude-sonnet-5-5',
        'claude-opus-5-5',
        'claude-haiku-4-5-20251001',
        'claude-haiku-5-5',
        'claude-fable-5-2',
        'claude-fable-5-1',
      ],
      byVendor('anthropic', [
        'claude-sonnet-4.5',
        'claude-opus-4.5',
        'claude-sonnet-5.5',
        'claude-opus-5.5',
        'claude-haiku-4.5',
        'claude-haiku-5.5',
        'claude-fable-5.2',
        'claude-fable-5.1',
      ]),
    ),
  },
  'gpt-5-codex': {
    title: 'GPT-5-Codex',
    vendor: 'OpenAI',
    context: 272_000,
    efforts: allEfforts,
    price: { input: 2, output: 10 },
    retired:
      'Gone from the Codex catalogue and the API since July 2026; gpt-6.2-sol succeeds it, with the same efforts.',
    routes: ownIds('codex', 'openai', 'openai', ['gpt-5-codex', ...openaiSuccessors]),
  },
  cheetah: {
    title: 'cheetah',
    vendor: 'Cursor',
    context: 200_000,
    price: { input: 0.5, output: 2.5 },
    retired: "It was the prototype of Cursor's Composer; composer-2.5 succeeds it, through Cursor's own agent only.",
    // No public API: there is no key for it.
    routes: [{ server: 'agents', agent: 'cursor', ids: ['cheetah', 'composer-2.5'] }],
  },
  'code-supernova-1-million': {
    title: 'code-supernova-1-million',
    vendor: 'not known',
    context: 1_000_000,
    retired:
      'A free preview of autumn 2025 that ended, without a successor. Its role goes to the next model with as large a context.',
    routes: [],
  },
  'gpt-5': {
    title: 'GPT-5',
    vendor: 'OpenAI',
    // 400,000 with the answer.
    context: 272_000,
    efforts: allEfforts,
    price: { input: 2, output: 10 },
    note: 'The API ends on 2026-12-11; gpt-6.2-sol succeeds it, with the same efforts.',
    routes: ownIds('codex', 'openai', 'openai', ['gpt-5', ...openaiSuccessors]),
  },
  'gemini-2.5-flash': {
    title: 'Gemini 2.5 Flash',
    vendor: 'Google',
    context: 1_048_576,
    price: { input: 0.3, output: 2.5 },
    note: 'Ends on 2026-12-01; then Google answers with a successor unasked. gemini-3.5-flash-lite succeeds it.',
    routes: ownIds('gemini', 'google', 'google', ['gemini-2.5-flash', 'gemini-3.5-flash-lite', 'gemini-3.8-flash']),
  },
  'gemini-2.5-pro': {
    title: 'Gemini 2.5 Pro',
    vendor: 'Google',
    context: 1_048_576,
    price: { input: 2, output: 12 },
    note: 'Open to existing users only, and ends on 2026-12-01; gemini-3.1-pro-preview succeeds it for deep analysis.',
    // The vendor's own successor is the flash model; for what the mission wants of Pro the deeper one comes first.
    routes: ownIds('gemini', 'google', 'google', ['gemini-2.5-pro', 'gemini-3.1-pro-preview', 'gemini-3.8-flash']),
  },
  'grok-4-code': {
    title: 'Grok 4 code',
    vendor: 'xAI',
    context: 500_000,
    efforts: allEfforts,
    price: { input: 2, output: 6 },
    retired: 'grok-code-fast-1 was retired on 2026-05-15; grok-4.7 and grok-4.6 succeed it.',
    routes: ownIds('grok', 'xai', 'x-ai', ['grok-code-fast-1', 'grok-4.7', 'grok-4.6', 'grok-4.3']),
  },
};

/**
 * What follows a role's first model is accepted to stand in, in this order, and shown by name. The roles that a run
 * cannot do without can be played by every model of the roster that still answers, so that any one route is enough.
 */
const roles: NonNullable<TeamLayer['roles']> = {
  orchestrator: {
    title: 'Orchestrator',
    duties: ['orchestrate'],
    brief: briefs.orchestrator,
    required: true,
    models: [
      { model: 'claude-4.5' },
      { model: 'gpt-5', effort: 'high' },
      { model: 'gemini-2.5-pro' },
      { model: 'gpt-5-codex', effort: 'high' },
      { model: 'grok-4-code', effort: 'high' },
      { model: 'cheetah' },
      { model: 'gemini-2.5-flash' },
    ],
  },
  architect: {
    title: 'Architect',
    duties: ['analyse'],
    brief: briefs.architect,
    models: [
      { model: 'gpt-5', effort: 'high' },
      { model: 'claude-4.5' },
      { model: 'gemini-2.5-pro' },
      { model: 'grok-4-code', effort: 'high' },
    ],
  },
  implementer: {
    title: 'Implementer',
    duties: ['write'],
    brief: briefs.implementer,
    models: [
      { model: 'gpt-5-codex', effort: 'high' },
      { model: 'claude-4.5' },
      { model: 'gpt-5', effort: 'high' },
      { model: 'grok-4-code', effort: 'high' },
      { model: 'gemini-2.5-pro' },
      { model: 'cheetah' },
      { model: 'gemini-2.5-flash' },
    ],
  },
  'big-picture': {
    title: 'Big-Picture',
    duties: ['analyse'],
    brief: briefs['big-picture'],
    view: 'packed',
    models: [
      { model: 'code-supernova-1-million' },
      { model: 'gemini-2.5-pro' },
      { model: 'gemini-2.5-flash' },
      { model: 'grok-4-code', effort: 'medium' },
      { model: 'gpt-5', effort: 'medium' },
      { model: 'claude-4.5' },
    ],
  },
  security: {
    title: 'Security',
    duties: ['analyse'],
    brief: briefs.security,
    models: [
      { model: 'gpt-5', effort: 'medium' },
      { model: 'claude-4.5' },
      { model: 'gemini-2.5-pro' },
      { model: 'grok-4-code', effort: 'medium' },
    ],
  },
  critic: {
    title: 'Critic',
    duties: ['analyse'],
    brief: briefs.critic,
    models: [
      { model: 'gemini-2.5-pro' },
      { model: 'grok-4-code', effort: 'medium' },
      { model: 'claude-4.5' },
      { model: 'gpt-5', effort: 'medium' },
    ],
  },
  reviewer: {
    title: 'Reviewer',
    duties: ['review'],
    brief: briefs.reviewer,
    models: [
      { model: 'gpt-5', effort: 'low' },
      { model: 'claude-4.5' },
      { model: 'gemini-2.5-pro' },
      { model: 'grok-4-code', effort: 'low' },
    ],
  },
  alternative: {
    title: 'Alternative',
    duties: ['analyse'],
    brief: briefs.alternative,
    models: [
      { model: 'gemini-2.5-pro' },
      { model: 'grok-4-code', effort: 'medium' },
      { model: 'claude-4.5' },
      { model: 'gpt-5', effort: 'medium' },
    ],
  },
  'quick-check': {
    title: 'Quick Check',
    duties: ['review'],
    brief: briefs['quick-check'],
    models: [
      { model: 'gemini-2.5-flash' },
      { model: 'gpt-5', effort: 'low' },
      { model: 'claude-4.5' },
      { model: 'grok-4-code', effort: 'low' },
    ],
  },
  refactoring: {
    title: 'Refactoring',
    duties: ['write'],
    brief: briefs.refactoring,
    models: [
      { model: 'grok-4-code' },
      { model: 'gpt-5-codex', effort: 'medium' },
      { model: 'claude-4.5' },
      { model: 'gemini-2.5-pro' },
    ],
  },
  optimizer: {
    title: 'Optimizer',
    duties: ['review'],
    brief: briefs.optimizer,
    models: [
      { model: 'gpt-5-codex', effort: 'medium' },
      { model: 'grok-4-code', effort: 'medium' },
      { model: 'claude-4.5' },
      { model: 'gemini-2.5-pro' },
    ],
  },
  'fast-fixes': {
    title: 'Fast Fixes',
    duties: ['write'],
    brief: briefs['fast-fixes'],
    models: [
      { model: 'gpt-5-codex', effort: 'low' },
      { model: 'gemini-2.5-flash' },
      { model: 'claude-4.5', effort: 'low' },
      { model: 'grok-4-code', effort: 'low' },
    ],
  },
  quick: {
    title: 'Quick Iterations',
    duties: ['write'],
    brief: briefs.quick,
    models: [
      { model: 'cheetah' },
      { model: 'gpt-5-codex', effort: 'low' },
      { model: 'gemini-2.5-flash' },
      { model: 'grok-4-code', effort: 'low' },
      { model: 'claude-4.5', effort: 'low' },
    ],
  },
};

/** The built-in layer, under the person's own team file and the workspace's. */
export const roster: TeamLayer = {
  version: 1,
  servers,
  models,
  roles,
  teams: {
    default: {
      core: ['orchestrator', 'architect', 'implementer', 'big-picture'],
      // The critic stands in the mission's workflow, not in its list of roles: it belongs to complex tasks.
      review: ['security', 'critic', 'reviewer', 'alternative', 'quick-check'],
      specialists: ['refactoring', 'optimizer', 'fast-fixes', 'quick'],
    },
  },
  team: 'default',
};
