/** A key of the API and whose it is. */
export interface ApiKey {
  readonly name: string;
  readonly key: string;
}

export interface Config {
  readonly port: number;
  readonly publicUrl: string;
  readonly keys: readonly ApiKey[];
  readonly dataFile?: string;
}

/** Reads the settings. Throws when one of them makes no sense: better no service than a wrong one. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const port = number('PORT', env.PORT, 8080);
  const publicUrl = (env.PUBLIC_URL ?? `http://localhost:${port}`).replace(/\/+$/, '');
  const config = { port, publicUrl, keys: readKeys(env.API_KEYS ?? '') };
  return env.DATA_FILE ? { ...config, dataFile: env.DATA_FILE } : config;
}

function readKeys(text: string): ApiKey[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', key = ''] = part.split(':', 2);
      if (name === '' || key === '') throw new Error('API_KEYS: write name:key, with commas between them.');
      return { name, key };
    });
}

function number(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name}: "${text}" is no whole number.`);
  return value;
}
