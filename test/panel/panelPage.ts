import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { FromPanel, PanelState } from '../../src/protocol.ts';
import { page as pageHtml } from '../../src/vscode/panel/page.ts';
import { chromiumPath } from '../harness/chromium.ts';

/** The built panel in a real browser: its real page with its real policy, and an editor of a few lines around it. */

export const root = join(import.meta.dirname, '..', '..');

export type ThemeName = 'dark' | 'light' | 'contrast' | 'contrastLight';

interface Theme {
  readonly body: string;
  readonly kind: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Variables that a webview of VS Code 1.139 gets in its built-in themes, as far as the panel uses them. */
export async function themes(): Promise<Record<ThemeName, Theme>> {
  const text = await readFile(join(root, 'test', 'fixtures', 'panel', 'themes.json'), 'utf8');
  return JSON.parse(text) as Record<ThemeName, Theme>;
}

/** What the editor puts under every webview's own styles; shortened to what can be seen in the panel. */
const editorStyles = `@layer vscode-default {
  body { background-color: transparent; color: var(--vscode-editor-foreground); font-family: var(--vscode-font-family);
    font-weight: var(--vscode-font-weight); font-size: var(--vscode-font-size); margin: 0; padding: 0 20px; }
  a, a code { color: var(--vscode-textLink-foreground); }
  a:focus, input:focus, select:focus, textarea:focus { outline: 1px solid -webkit-focus-ring-color; outline-offset: -1px; }
  code { color: var(--vscode-textPreformat-foreground); background-color: var(--vscode-textPreformat-background); padding: 1px 3px; border-radius: 4px; }
  pre code { padding: 0; }
  ::-webkit-scrollbar { width: 10px; height: 10px; }
  ::-webkit-scrollbar-thumb { background-color: var(--vscode-scrollbarSlider-background); }
}`;

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
  '.map': 'application/json',
};

const served: Record<string, string> = {
  '/dist/webview/panel.js': 'dist/webview/panel.js',
  '/dist/webview/codicon.css': 'dist/webview/codicon.css',
  '/dist/webview/codicon.ttf': 'dist/webview/codicon.ttf',
  '/media/panel.css': 'media/panel.css',
};

interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  /** What `getState` gives. */
  readonly kept?: unknown;
  /** The page's clock goes on; else it stands, so that no time in it depends on the machine. */
  readonly ticks?: boolean;
}

/** A browser and the server of the page's parts; `close` ends both. */
export interface PanelBrowser {
  open(options?: OpenOptions): Promise<PanelPage>;
  close(): Promise<void>;
}

/** One panel. */
export interface PanelPage {
  readonly page: Page;
  /** Sends a state, as the host would, and waits until it is drawn. */
  show(state: PanelState): Promise<void>;
  /** What the panel sent since the last call, `ready` and `look` left out unless asked for. */
  sent(all?: boolean): Promise<FromPanel[]>;
  /** Time passes on the page's clock, which stands otherwise. */
  pass(ms: number): Promise<void>;
  /** What the page keeps by `setState`. */
  kept(): Promise<unknown>;
  /** Errors, warnings and violations of the policy. */
  readonly complaints: string[];
  close(): Promise<void>;
}

export async function openBrowser(): Promise<PanelBrowser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run'],
  });
  const server = await serve();
  const known = await themes();
  const idle: Page[] = [];
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    open: (options = {}) => openPage(browser, idle, origin, known[options.theme ?? 'dark'], options),
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serve(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const send = async (): Promise<void> => {
      const origin = `http://${request.headers.host}`;
      if (path === '/') {
        const html = pageHtml({
          source: origin,
          nonce: 'bm9uY2U=',
          script: `${origin}/dist/webview/panel.js`,
          style: `${origin}/media/panel.css`,
          codicons: `${origin}/dist/webview/codicon.css`,
        });
        response.writeHead(200, { 'content-type': 'text/html' }).end(html);
        return;
      }
      const file = served[path];
      if (path === '/favicon.ico') response.writeHead(204).end();
      else if (file === undefined) response.writeHead(404).end();
      else
        response
          .writeHead(200, { 'content-type': types[extname(file)] ?? 'text/plain' })
          .end(await readFile(join(root, file)));
    };
    send().catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Runs in the page before anything of it: the editor's side of a webview. */
const editorScript = `(({ theme, styles, kept, ticks }) => {
  let passed = 0;
  window.pass = (ms) => { passed += ms; };
  if (!ticks) {
    Date.now = () => 1_800_000_000_000;
    performance.now = () => passed;
  }
  let state = kept;
  window.sent = [];
  window.acquireVsCodeApi = () => ({
    postMessage: (message) => window.sent.push(structuredClone(message)),
    getState: () => state,
    setState: (next) => { state = structuredClone(next); },
  });
  window.keptState = () => state;
  const dress = () => {
    for (const [name, value] of Object.entries(theme.variables)) document.documentElement.style.setProperty(name, value);
    document.body.className = theme.body;
    document.body.dataset.vscodeThemeKind = theme.kind;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    document.adoptedStyleSheets = [sheet];
  };
  document.addEventListener('DOMContentLoaded', dress, { once: true });
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
})`;

async function newPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ timezoneId: 'UTC', locale: 'en-GB', reducedMotion: 'reduce' });
  return context.newPage();
}

/** `idle`: pages that were closed; to load one again takes half the time of a new one. */
async function openPage(
  browser: Browser,
  idle: Page[],
  origin: string,
  theme: Theme,
  options: OpenOptions,
): Promise<PanelPage> {
  const page = idle.pop() ?? (await newPage(browser));
  await page.setViewportSize({ width: options.width ?? 320, height: options.height ?? 800 });
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) complaints.push(`asks for ${request.url()}`);
  });
  const setting = JSON.stringify({ theme, styles: editorStyles, kept: options.kept, ticks: options.ticks });
  const script = await page.addInitScript(`${editorScript}(${setting})`);
  await page.goto(`${origin}/`);
  await until(() => page.evaluate('window.sent?.length > 0'));
  return {
    page,
    complaints,
    async show(state) {
      await page.evaluate(
        `(async (state) => {
          window.postMessage({ type: 'state', state }, '*');
          for (let n = 0; n < 3; n++) await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        })(${JSON.stringify(state)})`,
      );
    },
    async sent(all = false) {
      const sent = (await page.evaluate('window.sent.splice(0)')) as FromPanel[];
      return all ? sent : sent.filter(({ type }) => type !== 'ready' && type !== 'look');
    },
    pass: (ms) => page.evaluate(`window.pass(${ms})`),
    kept: () => page.evaluate('window.keptState()'),
    async close() {
      complaints.push(...((await page.evaluate('window.violations')) as string[]));
      // Nothing of this panel is left for the next one: not its script, nor who listens, nor what the mouse is over.
      await script.dispose();
      for (const event of ['console', 'pageerror', 'request'] as const) page.removeAllListeners(event);
      await page.goto('about:blank');
      await page.mouse.move(-1, -1);
      idle.push(page);
    },
  };
}

/** Waits until this holds. The page's policy forbids the browser driver to do it by itself. */
export async function until(holds: () => Promise<unknown>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await setTimeout(20))
    if (Date.now() > end) throw new Error(`It did not come true: ${String(holds)}`);
}
