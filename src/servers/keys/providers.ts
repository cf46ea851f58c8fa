import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { createXai } from '@ai-sdk/xai';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import type { LanguageModel, ProviderMetadata } from 'ai';
import type { Effort } from '../../core/ask.ts';

/** Who can be reached with a key. A route says which, as its `agent`; nothing here knows a model by name. */

export interface Asking {
  readonly model: LanguageModel;
  /** The effort in the provider's own words, and that its thoughts are shown. */
  readonly providerOptions: ProviderMetadata;
  /** The effort where the SDK translates it itself. */
  readonly reasoning?: Effort;
}

export interface Provider {
  readonly name: string;
  readonly title: string;
  /** Environment variables that may hold the key; the first that is set counts. Empty: none is needed. */
  readonly keys: readonly string[];
  readonly url: string;
  /** Where a person gets a key. */
  readonly page?: string;
  ask(id: string, key: string, effort: Effort | undefined): Asking;
  /** Headers that carry the key to the list of models. */
  headers(key: string): Record<string, string>;
}

/** An address that is no vendor of the table: it speaks OpenAI's chat completions (Ollama, LM Studio, vLLM). */
export interface Address {
  readonly name: string;
  readonly url: string;
  /** The environment variable that holds its key, if it wants one. */
  readonly key?: string | undefined;
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

type Base = Omit<Provider, 'ask'> & { ask(url: string, id: string, key: string, effort: Effort | undefined): Asking };

/** The vendors. Addresses are always given: the SDK would take them from the environment, where a folder may have put them. */
const vendors: readonly Base[] = [
  {
    name: 'openai',
    title: 'OpenAI',
    keys: ['OPENAI_API_KEY'],
    url: 'https://api.openai.com/v1',
    page: 'https://platform.openai.com/api-keys',
    headers: bearer,
    ask: (baseURL, id, apiKey, effort) => ({
      model: createOpenAI({ baseURL, apiKey }).responses(id),
      // The vendor keeps no copy of the conversation.
      providerOptions: {
        openai: {
          store: false,
          ...(effort && { reasoningEffort: effort, reasoningSummary: 'auto', forceReasoning: true }),
        },
      },
    }),
  },
  {
    name: 'anthropic',
    title: 'Anthropic',
    keys: ['ANTHROPIC_API_KEY'],
    url: 'https://api.anthropic.com/v1',
    page: 'https://console.anthropic.com/settings/keys',
    headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
    ask: (baseURL, id, apiKey, effort) => ({
      model: createAnthropic({ baseURL, apiKey })(id),
      providerOptions: {},
      ...(effort && { reasoning: effort }),
    }),
  },
  {
    name: 'google',
    title: 'Google',
    keys: ['GEMINI_API_KEY', 'GOOGLE_GENERATIVE_AI_API_KEY', 'GOOGLE_API_KEY'],
    url: 'https://generativelanguage.googleapis.com/v1beta',
    page: 'https://aistudio.google.com/apikey',
    headers: (key) => ({ 'x-goog-api-key': key }),
    ask: (baseURL, id, apiKey, effort) => ({
      model: createGoogle({ baseURL, apiKey })(id),
      providerOptions: { google: { thinkingConfig: { includeThoughts: true } } },
      ...(effort && { reasoning: effort }),
    }),
  },
  {
    name: 'xai',
    title: 'xAI',
    keys: ['XAI_API_KEY'],
    url: 'https://api.x.ai/v1',
    page: 'https://console.x.ai',
    headers: bearer,
    ask: (baseURL, id, apiKey, effort) => ({
      model: createXai({ baseURL, apiKey }).responses(id),
      providerOptions: { xai: { store: false, ...(effort && { reasoningEffort: effort }) } },
    }),
  },
  {
    name: 'openrouter',
    title: 'OpenRouter',
    keys: ['OPENROUTER_API_KEY'],
    url: 'https://openrouter.ai/api/v1',
    page: 'https://openrouter.ai/keys',
    headers: bearer,
    ask: (baseURL, id, apiKey, effort) => ({
      model: createOpenRouter({ baseURL, apiKey, compatibility: 'strict' }).chat(id, {
        usage: { include: true },
        ...(effort && { reasoning: { effort } }),
      }),
      providerOptions: {},
    }),
  },
];

/** The providers of this server: the vendors, with another address where one is given for them, then the addresses of other names. */
export function providersOf(addresses: readonly Address[]): Provider[] {
  const known = vendors.map((vendor): Provider => {
    const other = addresses.find((address) => address.name === vendor.name);
    const url = other?.url ?? vendor.url;
    return {
      ...vendor,
      url,
      keys: other?.key === undefined ? vendor.keys : [other.key],
      ask: (id, key, effort) => vendor.ask(url, id, key, effort),
    };
  });
  const names = vendors.map((vendor) => vendor.name);
  return [...known, ...addresses.filter((address) => !names.includes(address.name)).map(compatible)];
}

function compatible({ name, url, key: variable }: Address): Provider {
  return {
    name,
    title: name,
    keys: variable === undefined ? [] : [variable],
    url,
    headers: (key): Record<string, string> => (key === '' ? {} : bearer(key)),
    ask: (id, key, effort) => ({
      model: createOpenAICompatible({
        name,
        baseURL: url,
        includeUsage: true,
        ...(key !== '' && { apiKey: key }),
      }).chatModel(id),
      providerOptions: {},
      ...(effort && { reasoning: effort }),
    }),
  };
}

/** The key of a provider, out of this environment; undefined where it needs one and none is set. */
export function keyOf(provider: Provider, env: NodeJS.ProcessEnv): string | undefined {
  if (provider.keys.length === 0) return '';
  return provider.keys.map((name) => env[name]?.trim()).find((key) => key !== undefined && key !== '');
}

/** A provider does not give its list. */
export class ListError extends Error {
  readonly status: number;
  constructor(title: string, status: number) {
    super(`${title} answered ${status} when asked for its models`);
    this.name = 'ListError';
    this.status = status;
  }
}

/** The longest page that each of those gives that do not give all at once. */
const pages: Readonly<Record<string, string>> = { google: '?pageSize=1000', anthropic: '?limit=1000' };

/** Ids that the provider offers now, and whether these are all. Rejects with `ListError`, or with what the network said. */
export async function modelsOf(
  provider: Provider,
  key: string,
  signal: AbortSignal,
): Promise<{ models: string[]; whole: boolean }> {
  const response = await fetch(`${provider.url}/models${pages[provider.name] ?? ''}`, {
    headers: provider.headers(key),
    signal,
    redirect: 'error',
  });
  if (!response.ok) throw new ListError(provider.title, response.status);
  const body = (await response.json()) as {
    data?: unknown;
    models?: unknown;
    has_more?: unknown;
    nextPageToken?: unknown;
  };
  const list: unknown[] = Array.isArray(body.data) ? body.data : Array.isArray(body.models) ? body.models : [];
  const models = list.flatMap((one) => {
    const { id, name } = (one ?? {}) as { id?: unknown; name?: unknown };
    const found = typeof id === 'string' ? id : typeof name === 'string' ? name.replace(/^models\//, '') : '';
    return found === '' ? [] : [found];
  });
  const more = body.has_more === true || (typeof body.nextPageToken === 'string' && body.nextPageToken !== '');
  return { models, whole: !more };
}
