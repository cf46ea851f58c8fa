import { realpath, lstat } from 'node:fs/promises';
import { join } from 'node:path';

/** Well-known places of secrets under a home folder, which a confined check finds empty. */
const underHome = [
  // keys and passwords
  [
    '.ssh',
    '.gnupg',
    '.pki',
    '.netrc',
    '_netrc',
    '.git-credentials',
    '.config/git/credentials',
    '.password-store',
    '.vault-token',
    '.pgpass',
  ],
  [
    '.my.cnf',
    '.local/share/keyrings',
    '.local/share/kwalletd',
    'Library/Keychains',
    '.1password',
    '.config/op',
    '.age',
    '.config/sops',
  ],
  // registries and package managers
  [
    '.npmrc',
    '.yarnrc',
    '.yarnrc.yml',
    '.pypirc',
    '.config/pip',
    '.pip',
    '.gem/credentials',
    '.cargo/credentials',
    '.cargo/credentials.toml',
  ],
  [
    '.m2/settings.xml',
    '.m2/settings-security.xml',
    '.gradle/gradle.properties',
    '.nuget/NuGet',
    '.composer/auth.json',
    '.config/composer/auth.json',
  ],
  // clouds, clusters and forges
  [
    '.aws',
    '.azure',
    '.config/gcloud',
    '.boto',
    '.s3cfg',
    '.oci',
    '.aliyun',
    '.config/doctl',
    '.fly',
    '.config/rclone',
    '.terraform.d',
    '.terraformrc',
  ],
  [
    '.databrickscfg',
    '.snowflake',
    '.config/heroku',
    '.config/configstore',
    '.vercel',
    '.netlify',
    '.config/netlify',
    '.wrangler',
    '.config/.wrangler',
  ],
  ['.kube', '.docker', '.config/containers', '.config/gh', '.config/hub', '.config/glab-cli', '.config/jgit'],
  // agents and editors that hold sign-ins
  [
    '.codex',
    '.claude',
    '.claude.json',
    '.config/claude',
    '.gemini',
    '.grok',
    '.cursor',
    '.config/cursor',
    '.copilot',
    '.config/github-copilot',
    '.kilocode',
  ],
  [
    '.local/share/opencode',
    '.config/Code',
    '.config/Cursor',
    '.config/VSCodium',
    '.vscode-server/data',
    '.cursor-server/data',
  ],
  ['Library/Application Support/Code', 'Library/Application Support/Cursor'],
  // browsers and mail
  [
    '.mozilla',
    '.thunderbird',
    '.config/google-chrome',
    '.config/chromium',
    '.config/microsoft-edge',
    '.config/BraveSoftware',
    'snap/firefox',
  ],
  [
    'Library/Application Support/Google/Chrome',
    'Library/Application Support/Firefox',
    'Library/Application Support/BraveSoftware',
    'Library/Cookies',
  ],
  // what was typed
  [
    '.bash_history',
    '.zsh_history',
    '.zhistory',
    '.local/share/fish',
    '.python_history',
    '.node_repl_history',
    '.psql_history',
    '.mysql_history',
  ],
].flat();

/** A place that must not be readable: its real path, and whether it is a folder. */
export interface Hidden {
  readonly path: string;
  readonly folder: boolean;
}

/** The secret places that are there, by their real paths, so that a link to one does not lead around the mask. `others` are absolute. */
export async function secretPlaces(home: string, others: readonly string[]): Promise<Hidden[]> {
  const places = [...underHome.map((place) => join(home, place)), ...others];
  const found = await Promise.all(places.map(hiddenAt));
  return found.filter((one) => one !== undefined);
}

async function hiddenAt(place: string): Promise<Hidden | undefined> {
  try {
    const path = await realpath(place);
    return { path, folder: (await lstat(path)).isDirectory() };
  } catch {
    // Not there, or not to be reached by us, and so not by a child of ours.
    return undefined;
  }
}
