import { isAbsolute } from 'node:path';

/** The environment of a check: an allow-list, so that no key or token reaches model-written code, whatever it is called. */

/** Who and where the person is, and where tools find themselves; none of them holds a secret. Compared without case, as Windows does. */
const plain = new Set(
  [
    ['HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LANGUAGE', 'TZ'],
    [
      'SystemRoot',
      'SystemDrive',
      'windir',
      'ComSpec',
      'PATHEXT',
      'OS',
      'USERNAME',
      'USERPROFILE',
      'HOMEDRIVE',
      'HOMEPATH',
    ],
    [
      'APPDATA',
      'LOCALAPPDATA',
      'ProgramData',
      'ProgramFiles',
      'ProgramFiles(x86)',
      'ProgramW6432',
      'CommonProgramFiles',
    ],
    ['CommonProgramFiles(x86)', 'CommonProgramW6432', 'PUBLIC', 'NUMBER_OF_PROCESSORS', 'PROCESSOR_ARCHITECTURE'],
    [
      'JAVA_HOME',
      'ANDROID_HOME',
      'ANDROID_SDK_ROOT',
      'GOROOT',
      'GOPATH',
      'CARGO_HOME',
      'RUSTUP_HOME',
      'RUSTUP_TOOLCHAIN',
    ],
    [
      'NVM_DIR',
      'FNM_DIR',
      'VOLTA_HOME',
      'PYENV_ROOT',
      'RBENV_ROOT',
      'ASDF_DIR',
      'ASDF_DATA_DIR',
      'MISE_DATA_DIR',
      'SDKMAN_DIR',
    ],
    [
      'DOTNET_ROOT',
      'SDKROOT',
      'DEVELOPER_DIR',
      'NIX_PATH',
      'NIX_PROFILES',
      'HOMEBREW_PREFIX',
      'BUN_INSTALL',
      'DENO_INSTALL',
    ],
    ['SSL_CERT_FILE', 'SSL_CERT_DIR', 'NIX_SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS', 'VSINSTALLDIR', 'VCINSTALLDIR'],
  ]
    .flat()
    .map((name) => name.toUpperCase()),
);

const proxies = new Set(['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY']);

export interface EnvironmentOptions {
  /** The person's own environment. */
  readonly from: NodeJS.ProcessEnv;
  /** The private folder for temporary files, as the command sees it. */
  readonly temporary: string;
  /** Goes in front of PATH. */
  readonly nodeFolder?: string | undefined;
  /** Passes the proxy on, unless it carries a password. */
  readonly network: boolean;
  /** True where the home folder is read-only: caches are sent to the temporary folder. */
  readonly confined: boolean;
  /** Path list separator; the platform's own. */
  readonly delimiter: string;
}

/** What a check or setup command gets, and nothing else. */
export function checkEnvironment(options: EnvironmentOptions): Record<string, string> {
  const env: Record<string, string> = {};
  let path = '';
  for (const [name, value] of Object.entries(options.from)) {
    if (value === undefined || value.includes('\0')) continue;
    const upper = name.toUpperCase();
    if (upper === 'PATH') path = value;
    else if (plain.has(upper) || /^LC_[A-Z]+$/.test(upper)) env[name] = value;
    else if (options.network && proxies.has(upper) && !value.includes('@')) env[name] = value;
  }
  // A relative entry would take programs from the checkout.
  const folders = path.split(options.delimiter).filter((folder) => isAbsolute(folder));
  env['PATH'] = [...(options.nodeFolder ? [options.nodeFolder] : []), ...folders].join(options.delimiter);
  for (const name of ['TMPDIR', 'TMP', 'TEMP']) env[name] = options.temporary;
  if (options.confined) {
    env['XDG_CACHE_HOME'] = `${options.temporary}/cache`;
    env['npm_config_cache'] = `${options.temporary}/npm`;
  }
  return { ...env, CI: '1', NO_COLOR: '1', TERM: 'dumb', GIT_TERMINAL_PROMPT: '0' };
}
