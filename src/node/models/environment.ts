import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Failure } from '../../core/ask.ts';
import type { Server } from '../../core/team/file.ts';

/**
 * What a server may know of our environment: where programs, home, temporary files, language, proxy and certificates
 * are. Nothing that holds a key, unless its own `env` names it by `${env:NAME}`, or its `pass`.
 */
const inherited: ReadonlySet<string> = new Set(
  (
    'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TERM TMPDIR TMP TEMP ' +
    'XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME XDG_RUNTIME_DIR ' +
    'HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS ' +
    'SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT USERNAME USERPROFILE USERDOMAIN HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA ' +
    'PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES PROCESSOR_ARCHITECTURE NUMBER_OF_PROCESSORS OS'
  ).split(' '),
);

/** A server's configuration with its `${env:NAME}` and `${root}` filled in. */
export interface Settled {
  readonly command: string | undefined;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Values that must never be shown. */
  readonly secrets: readonly string[];
}

/** Names of variables and headers whose values are never shown. */
export const secretName = /key|token|secret|password|authorization|cookie|credential/i;

/** Fills in a server's configuration; a failure when a variable that it names is not set. */
export function settle(name: string, server: Server, root: string, env: NodeJS.ProcessEnv): Settled | Failure {
  const missing: string[] = [];
  const secrets: string[] = [];
  const rooted = (text: string): string => text.replaceAll('${root}', () => root);
  const filled = (key: string, text: string): string => {
    const value = rooted(text).replaceAll(/\$\{env:([^}]+)\}/g, (_, variable: string) => {
      const found = env[variable];
      if (found === undefined || found === '') missing.push(variable);
      else secrets.push(found);
      return found ?? '';
    });
    if (secretName.test(key)) secrets.push(value, value.replace(/^\w+ /, ''));
    return value;
  };
  const fillAll = (record: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.entries(record).map(([key, text]) => [key, filled(key, text)]));

  const own = fillAll(server.env);
  const headers = fillAll(server.headers);
  if (missing.length > 0) {
    const names = [...new Set(missing)].join(', ');
    return { kind: 'not-signed-in', message: `${name} needs ${names} in your environment, which is not set.` };
  }
  const handed = passed(server.pass, env, secrets);
  return {
    command: server.command === undefined ? undefined : rooted(server.command),
    args: server.args.map(rooted),
    env: { ...inheritedFrom(env), ...handed, ...own },
    url: server.url,
    headers,
    // Longest first: one secret may be a part of another.
    secrets: [...new Set(secrets)].sort((a, b) => b.length - a.length),
  };
}

/** Those of the named variables that are set; a name with `*` at its end stands for all that start so. */
function passed(names: readonly string[], env: NodeJS.ProcessEnv, secrets: string[]): Record<string, string> {
  const found: Record<string, string> = {};
  const isMeant = (name: string): boolean =>
    names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '' || !isMeant(name)) continue;
    found[name] = value;
    if (secretName.test(name)) secrets.push(value);
  }
  return found;
}

/** Of an environment, what every server may know. */
export function inheritedFrom(env: NodeJS.ProcessEnv): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [key, value] of Object.entries(env)) {
    // Windows does not tell `Path` from `PATH`; proxies are also written in small letters.
    const known = inherited.has(key.toUpperCase()) || key.startsWith('LC_');
    // An exported shell function is code.
    if (known && value !== undefined && !value.startsWith('()')) kept[key] = value;
  }
  return kept;
}

/** Variables that say where a vendor is reached, and so who gets the person's key. */
const address = /_(?:BASE_URL|API_BASE|ENDPOINT|API_HOST|API_URL|BACKEND_URL)$/i;

/** Files by which a repository can set variables: shells, editors and agents read them. */
const settingFiles = [
  '.env',
  '.env.local',
  '.env.development',
  '.envrc',
  'mise.toml',
  '.mise.toml',
  '.vscode/settings.json',
  '.devcontainer/devcontainer.json',
  '.devcontainer.json',
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.gemini/.env',
  '.gemini/settings.json',
  '.codex/config.toml',
  '.grok/config.toml',
  '.cursor/environment.json',
];
const settingBytes = 256 * 1024;

/**
 * The environment without the vendors' addresses that the repository at `root` brought: they would send the person's key to whom the
 * repository likes. `dropped` names what was left out. An address that stands in none of its files is the person's own.
 */
export async function withoutBrought(
  env: NodeJS.ProcessEnv,
  root: string,
): Promise<{ env: NodeJS.ProcessEnv; dropped: string[] }> {
  const addresses = Object.entries(env).filter(
    ([key, value]) => address.test(key) && value !== undefined && value !== '',
  );
  if (addresses.length === 0) return { env, dropped: [] };
  const read = await Promise.all(settingFiles.map((file) => readStart(join(root, file), settingBytes)));
  const texts = read.flatMap((text) => [text, unescaped(text)]);
  const dropped = addresses
    .filter(([, value]) => texts.some((text) => text.includes(value as string)))
    .map(([key]) => key);
  const kept = Object.fromEntries(Object.entries(env).filter(([key]) => !dropped.includes(key)));
  return { env: kept, dropped };
}

/** What JSON, TOML and shells read where a character is written in another way, as in `http:\\/\\/` or `\\u002f`. */
function unescaped(text: string): string {
  return text
    .replaceAll(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replaceAll('\\', '');
}

/** The beginning of a file; nothing where there is none. */
async function readStart(path: string, bytes: number): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(bytes), position: 0 });
      return buffer.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
