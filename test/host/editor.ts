import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumPath } from '../harness/chromium.ts';
import { installServer } from './install.ts';

/** A real VS Code: its server as a process, its workbench in a browser. */

const root = resolve(import.meta.dirname, '..', '..');

export interface EditorOptions {
  readonly version: string;
  /** What the servers that it starts see; the profile and cache of the tests belong here. */
  readonly env: NodeJS.ProcessEnv;
  /** Without it a folder must be trusted by hand. */
  readonly trust?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** A folder of user data that is kept and used again; else a new one that is removed. */
  readonly userData?: string;
  /** Folders of extensions that are loaded as they stand; default ours. */
  readonly extensions?: readonly string[];
  /** A package to install first. */
  readonly install?: string;
}

export interface Editor {
  readonly address: string;
  readonly extensions: string;
  /** A window on a folder, or an empty one. `suite`: a module that the extension host runs; the window's end is its exit code. */
  open(options: { folder?: string; suite?: string; width?: number; height?: number; dark?: boolean }): Promise<Window>;
  /** Ends it as when the machine goes down. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

interface Window {
  readonly page: Page;
  /** What the suite gave, or `timeout`. */
  exit(ms: number): Promise<number | 'timeout'>;
}

/** Opens the browser that windows are shown in. */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

const usual = {
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'git.openRepositoryInParentFolders': 'never',
  'workbench.tips.enabled': false,
  'security.workspace.trust.startupPrompt': 'never',
  'files.autoSave': 'off',
  // No types are fetched from npm, and one server of TypeScript is enough.
  'typescript.disableAutomaticTypeAcquisition': true,
  'typescript.tsserver.useSyntaxServer': 'never',
};

/** Starts the server of VS Code and waits until it answers. */
export async function openEditor(browser: Browser, options: EditorOptions): Promise<Editor> {
  const main = await installServer(options.version, (line) => process.stderr.write(`${line}\n`));
  const place = await mkdtemp(join(tmpdir(), 'orchestra-editor-'));
  const user = options.userData ?? join(place, 'user');
  const extensions = join(user, 'extensions');
  await mkdir(join(user, 'User'), { recursive: true });
  await mkdir(extensions, { recursive: true });
  const settings = { ...usual, ...options.settings };
  await writeFile(join(user, 'User', 'settings.json'), JSON.stringify(settings));
  // A window on a server takes settings of a machine from there; from the person only until it reads them once more.
  const { 'orchestra.teamFile': teamFile } = options.settings ?? {};
  await mkdir(join(user, 'Machine'), { recursive: true });
  await writeFile(join(user, 'Machine', 'settings.json'), JSON.stringify({ 'orchestra.teamFile': teamFile }));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  // Checks say `node`: it is the one that runs this.
  const env = { ...options.env, PATH: [dirname(process.execPath), options.env['PATH'] ?? ''].join(delimiter) };
  for (const name of ['VSCODE_IPC_HOOK_CLI', 'ELECTRON_RUN_AS_NODE', 'PORT', 'NODE_OPTIONS'] as const)
    delete (env as NodeJS.ProcessEnv)[name];
  if (options.install !== undefined)
    await promisify(execFile)(
      process.execPath,
      [
        main,
        `--user-data-dir=${user}`,
        `--extensions-dir=${extensions}`,
        `--server-data-dir=${join(user, 'server')}`,
        '--accept-server-license-terms',
        '--install-extension',
        options.install,
      ],
      { env },
    );
  const server = spawn(
    process.execPath,
    [
      main,
      '--host=127.0.0.1',
      `--port=${port}`,
      '--without-connection-token',
      '--accept-server-license-terms',
      '--telemetry-level=off',
      '--disable-telemetry',
      `--server-data-dir=${join(user, 'server')}`,
      `--user-data-dir=${user}`,
      `--extensions-dir=${extensions}`,
      ...(options.trust === false ? [] : ['--disable-workspace-trust']),
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  let log = '';
  const listen = (data: Buffer): void => void (log = (log + data.toString()).slice(-20_000));
  server.stdout.on('data', listen);
  server.stderr.on('data', listen);
  const pages: Page[] = [];
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    for (const page of pages)
      await page
        .context()
        .close()
        .catch(() => {});
    await endGroup(server, signal);
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  };
  for (let tries = 0; ; tries += 1) {
    if (
      await fetch(`http://${address}/version`).then(
        (answer) => answer.ok,
        () => false,
      )
    )
      break;
    if (tries > 300 || server.exitCode !== null) {
      await end('SIGKILL');
      throw new Error(`The server of VS Code ${options.version} does not answer:\n${log}`);
    }
    await sleep(200);
  }
  return {
    address,
    extensions,
    async open({ folder, suite, width = 1400, height = 900, dark = false }) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light' });
      const page = await context.newPage();
      pages.push(page);
      let done: (code: number) => void = () => {};
      const ended = new Promise<number>((resolve_) => (done = resolve_));
      const said = process.env['ORCHESTRA_TEST_LOG'] ? console.error : () => {};
      await page.exposeFunction('codeAutomationLog', (...words: unknown[]) => said(...words));
      page.on('console', (message) => said(message.text()));
      await page.exposeFunction('codeAutomationExit', (code: number) => done(code));
      const uri = (path: string) => ({ scheme: 'vscode-remote', authority: address, path: resolve(path) });
      const loaded = options.extensions ?? [root];
      if (loaded.length > 0) {
        const development = {
          extensions: loaded.map(uri),
          ...(suite !== undefined && { extensionTestsPath: uri(suite) }),
        };
        await page.addInitScript(developing(development));
      }
      const query =
        folder === undefined
          ? '?ew=true'
          : `?${/[.]code-workspace$/.test(folder) ? 'workspace' : 'folder'}=${encodeURIComponent(resolve(folder))}`;
      // A busy machine takes its time for the first window.
      await page.goto(`http://${address}/${query}`, { timeout: 180_000 });
      return {
        page,
        exit: (ms) => {
          const limit = new AbortController();
          return Promise.race([
            ended,
            sleep(ms, 'timeout' as const, { signal: limit.signal }).catch(() => 'timeout' as const),
          ]).finally(() => limit.abort());
        },
      };
    },
    kill: () => end('SIGKILL'),
    close: () => end('SIGTERM'),
  };
}

/** For the page: the workbench reads that it is to develop an extension. The documented way (`?payload=`) is ignored by newer versions. */
function developing(options: object): string {
  return `{
    const get = Element.prototype.getAttribute;
    Element.prototype.getAttribute = function (name) {
      const value = get.call(this, name);
      if (name !== 'data-settings' || this.id !== 'vscode-workbench-web-configuration' || !value) return value;
      const configuration = JSON.parse(value);
      configuration.developmentOptions = { ...configuration.developmentOptions, ...${JSON.stringify(options)} };
      return JSON.stringify(configuration);
    };
  }`;
}

/** The extension hosts are in the server's group; they would live on for hours, waiting to be connected to again. */
async function endGroup(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  const send = (with_: NodeJS.Signals): void => {
    try {
      process.kill(-pid, with_);
    } catch {
      // It is gone already.
    }
  };
  send(signal);
  const late = setTimeout(() => send('SIGKILL'), 5000);
  await gone;
  clearTimeout(late);
  send('SIGKILL');
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
