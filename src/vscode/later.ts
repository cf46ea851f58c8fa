import * as vscode from 'vscode';

/** Providers whose real one comes when it is first asked. */

/** A file system of ours, registered now. */
export function filesLater(
  scheme: string,
  find: () => Promise<vscode.FileSystemProvider>,
  options: { readonly isReadonly?: boolean } = {},
): vscode.Disposable {
  const changes = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  const real = once(find, ({ onDidChangeFile }) => onDidChangeFile((events) => changes.fire(events)));
  const provider: vscode.FileSystemProvider = {
    onDidChangeFile: changes.event,
    watch: () => ({ dispose: () => {} }),
    stat: async (uri) => (await real.get()).stat(uri),
    readDirectory: async (uri) => (await real.get()).readDirectory(uri),
    createDirectory: async (uri) => (await real.get()).createDirectory(uri),
    readFile: async (uri) => (await real.get()).readFile(uri),
    writeFile: async (uri, content, how) => (await real.get()).writeFile(uri, content, how),
    delete: async (uri, how) => (await real.get()).delete(uri, how),
    rename: async (from, to, how) => (await real.get()).rename(from, to, how),
  };
  return vscode.Disposable.from(
    changes,
    real,
    vscode.workspace.registerFileSystemProvider(scheme, provider, { isCaseSensitive: true, ...options }),
  );
}

/** Documents of ours that cannot be written, registered now. */
export function documentsLater(
  scheme: string,
  find: () => Promise<vscode.TextDocumentContentProvider>,
): vscode.Disposable {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const real = once(find, ({ onDidChange }) => onDidChange?.((uri) => changes.fire(uri)));
  return vscode.Disposable.from(
    changes,
    real,
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changes.event,
      provideTextDocumentContent: async (uri, token) => (await real.get()).provideTextDocumentContent(uri, token),
    }),
  );
}

/** The real one; what it tells is listened to from its first use on. */
function once<T>(
  find: () => Promise<T>,
  listen: (real: T) => vscode.Disposable | undefined,
): { get(): Promise<T>; dispose(): void } {
  let found: T | undefined;
  let listening: vscode.Disposable | undefined;
  return {
    async get() {
      const real = await find();
      if (found === real) return real;
      found = real;
      listening?.dispose();
      listening = listen(real);
      return real;
    },
    dispose: () => listening?.dispose(),
  };
}
