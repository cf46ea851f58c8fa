import * as vscode from 'vscode';

/** Keys of providers, in the editor's secret storage: handed to the engine as environment, never written anywhere else. */

interface Provider {
  readonly label: string;
  /** The variable that the bundled `keys` server takes the key from. */
  readonly variable: string;
}

const providers: readonly Provider[] = [
  { label: 'Anthropic', variable: 'ANTHROPIC_API_KEY' },
  { label: 'OpenAI', variable: 'OPENAI_API_KEY' },
  { label: 'Google', variable: 'GEMINI_API_KEY' },
  { label: 'xAI', variable: 'XAI_API_KEY' },
  { label: 'OpenRouter', variable: 'OPENROUTER_API_KEY' },
];

const stored = (variable: string): string => `orchestra.key.${variable}`;

export interface Keys {
  /** The keys that are stored, by variable; the same object always, kept up to date. */
  readonly environment: Readonly<Record<string, string>>;
  /** Asks for a provider and its key, or takes one away. */
  set(): Promise<void>;
  dispose(): void;
}

/** Reads what is stored; resolves when `environment` holds it. */
export async function openKeys(secrets: vscode.SecretStorage): Promise<Keys> {
  const environment: Record<string, string> = {};
  const read = async (): Promise<void> => {
    for (const { variable } of providers) {
      const key = await secrets.get(stored(variable));
      if (key === undefined) delete environment[variable];
      else environment[variable] = key;
    }
  };
  await read();
  // Another window may have set one.
  const listening = secrets.onDidChange(() => void read());
  return {
    environment,
    dispose: () => listening.dispose(),
    async set() {
      const picked = await vscode.window.showQuickPick(
        providers.map((provider) => ({ label: provider.label, description: stateOf(provider, environment), provider })),
        {
          title: 'Set Provider Key',
          placeHolder:
            'Kept in the secret storage of this editor, and given to nothing but the server that asks with it',
        },
      );
      if (!picked) return;
      const { label, variable } = picked.provider;
      const has = environment[variable] !== undefined;
      const key = await vscode.window.showInputBox({
        title: `Key of ${label}`,
        password: true,
        ignoreFocusOut: true,
        prompt: has ? 'Leave it empty to take the stored key away.' : `Used as ${variable}.`,
        validateInput: (text) => (/\s/.test(text.trim()) ? 'A key has no white space in it.' : undefined),
      });
      if (key === undefined) return;
      if (key.trim() !== '') await secrets.store(stored(variable), key.trim());
      else if (has) await secrets.delete(stored(variable));
      await read();
      void vscode.window.setStatusBarMessage(
        key.trim() === '' ? `No key of ${label} is stored.` : `The key of ${label} is stored.`,
        4000,
      );
    },
  };
}

function stateOf({ variable }: Provider, environment: Readonly<Record<string, string>>): string {
  if (environment[variable] !== undefined) return 'stored here';
  return process.env[variable] === undefined ? 'not set' : `from the environment (${variable})`;
}
