import { constants } from 'node:fs';
import type { Dirent } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { shortestSecret } from '../core/bus/redact.ts';
import type { Secret } from '../core/bus/redact.ts';

/** Values that must not leave this machine: known only here, to take them out of texts. Never log them. */

const fileBytes = 256 * 1024;
const foldersMost = 2000;
const depthMost = 3;

/** Secret values of this process's environment and of the project's `.env` files (its folder and three levels below). Files that do not read are passed over. */
export async function secretsOf(root: string, env: NodeJS.ProcessEnv = process.env): Promise<Secret[]> {
  const found = new Map<string, string>();
  const add = (name: string, value: string | undefined): void => {
    for (const secret of secretPartsOf(name, value ?? '')) if (!found.has(secret)) found.set(secret, name);
  };
  for (const [name, value] of Object.entries(env)) add(name, value);
  for (const path of await envFiles(root)) {
    for (const [name, value] of Object.entries(await readEnvFile(path))) add(name, value);
  }
  return [...found].map(([value, name]) => ({ name, value }));
}

/** The secret parts of a variable; none if neither its name nor its value looks secret. A URL gives its password. */
export function secretPartsOf(name: string, value: string): string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:([^\s/@]+)@/i.exec(value)?.[1];
  if (password !== undefined) return [password, decoded(password)].filter(isTelling);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || !looksSecret(name) || !isTelling(value)) return [];
  return [value];
}

/** By its name. What tells where something lies, or how much there may be of it, is not secret itself. */
function looksSecret(name: string): boolean {
  const words = name.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
  if (
    /(^|_)(FILE|PATH|DIR|SOCK|SOCKET|NAME|LIMIT|COUNT|TTL|TIMEOUT|TYPE|MODE|ENABLED|URL|HOST|PORT|COLOR|COLORS)$/.test(
      words,
    )
  )
    return false;
  return (
    /(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|APIKEY)S?($|_)/.test(words) ||
    /(^|_)(KEY|PASS|PRIVATE|COOKIE|SESSION|SIGNATURE|PAT|AUTH|DSN)S?($|_)/.test(words)
  );
}

/** A value that is in nobody's dictionary: taking `production` or `postgres` out of every text would hide nothing and spoil much. */
function isTelling(value: string): boolean {
  if (value.length < shortestSecret) return false;
  if (/^(true|false|null|undefined|\d+([.]\d+)?)$/i.test(value)) return false;
  // A path of this machine, not base64 that happens to begin with a slash.
  if (/^(~|[.]{1,2}|[A-Za-z]:)?[\\/]/.test(value) && !/^[A-Za-z0-9+/=]{32,}$/.test(value)) return false;
  return /\d/.test(value) || /[^A-Za-z0-9_. -]/.test(value) || /[a-z][A-Z]/.test(value) || value.length >= 20;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `.env` and its kin; examples that are meant to be seen are left out. */
async function envFiles(root: string): Promise<string[]> {
  const files: string[] = [];
  let level = [root];
  let folders = 0;
  for (let depth = 0; depth <= depthMost; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (++folders > foldersMost) return files;
      const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const path = join(folder, entry.name);
        if (entry.isDirectory() && !/^(node_modules|[.].*)$/.test(entry.name)) next.push(path);
        if (
          !entry.isDirectory() &&
          /^[.]env([.][\w-]+)*$/.test(entry.name) &&
          !/[.](example|sample|template|dist|defaults?)$/.test(entry.name)
        ) {
          files.push(path);
        }
      }
    }
    level = next;
  }
  return files;
}

async function readEnvFile(path: string): Promise<NodeJS.Dict<string>> {
  try {
    // Opening a pipe of that name would wait for somebody to write into it.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile() || found.size > fileBytes) return {};
      return parseEnv(await handle.readFile('utf8'));
    } finally {
      await handle.close();
    }
  } catch {
    return {};
  }
}
