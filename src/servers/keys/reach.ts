import type { Mend, ReachInput, ReachOutput } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { sameModel } from '../../node/models/modelIds.ts';
import { reachToolOf } from '../../node/askServer.ts';
import type { OtherTool } from '../../node/askServer.ts';
import { chooseProvider, type KeysOptions } from './ask.ts';
import { hide } from './hide.ts';
import { ListError, modelsOf, type Provider } from './providers.ts';

/** Asking for the list of models may take so long. */
export const listMs = 10_000;

/** Whether a route can be used, without spending anything; with `catalogue` the provider is asked for its models, which also tells whether it takes the key. */
export function reach(options: KeysOptions): OtherTool {
  return reachToolOf(
    'Says whether a provider can be asked: its key is there, or its address answers; with `catalogue` also what it offers.',
    (input, signal) => reached(options, input, signal),
  );
}

async function reached(
  options: KeysOptions,
  { agent, ids, catalogue }: ReachInput,
  signal: AbortSignal,
): Promise<Partial<ReachOutput>> {
  const chosen = chooseProvider(options, agent);
  if ('kind' in chosen) {
    const provider = options.providers.find((one) => one.name === agent);
    return { failure: chosen, mends: provider ? keyMends(provider) : [] };
  }
  const { provider, key } = chosen;
  const isVendor = provider.keys.length > 0;
  // A vendor is there; whether Ollama runs on this machine only asking tells.
  if (isVendor && !catalogue) return {};
  try {
    const { models, whole } = await modelsOf(provider, key, AbortSignal.any([signal, AbortSignal.timeout(listMs)]));
    const gone = whole && models.length > 0 ? ids.filter((id) => !models.some((one) => sameModel(id, one))) : [];
    return { gone, ...(isVendor && { signedIn: true }) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ListError && (error.status === 401 || error.status === 403)) {
      const message = `${provider.title} refuses the key in ${provider.keys.join(' or ')} (${error.status}).`;
      return { failure: { kind: 'not-signed-in', message }, signedIn: false, mends: keyMends(provider) };
    }
    // A vendor whose list is not to be had now may answer all the same.
    if (isVendor) return {};
    const message = `${provider.title} does not answer at ${provider.url} (${hide(reasonOf(error), key)}).`;
    return {
      failure: { kind: 'not-installed', message },
      mends: [{ label: `Start ${provider.title}.`, kind: 'other' }],
    };
  }
}

function keyMends({ title, keys, page }: Provider): Mend[] {
  const name = keys[0];
  if (name === undefined) return [];
  const where = page === undefined ? '' : ` (${page})`;
  return [{ label: `Set a key of ${title}${where} in ${name}`, command: `export ${name}=…`, kind: 'key' }];
}
