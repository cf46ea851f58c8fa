import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';

/**
 * Opens a text in the person's editor (`VISUAL`, `EDITOR`, else the system's own) and gives what it became. Throws `UserError` (`editor`).
 * The one process that is not in a group of its own: it must own the terminal as the person's shell would let it.
 */
export async function editText(text: string, name: string, signal: AbortSignal): Promise<string> {
  const windows = process.platform === 'win32';
  const editor = process.env['VISUAL'] || process.env['EDITOR'] || (windows ? 'notepad' : 'vi');
  const folder = await mkdtemp(join(tmpdir(), 'orchestra-edit-'));
  const file = join(folder, name);
  try {
    await writeFile(file, text, { mode: 0o600 });
    // The variables hold a command line (`code --wait`), the person's own, so the shell reads it as git lets it.
    const quoted = windows ? `"${file}"` : `'${file.replaceAll("'", String.raw`'\''`)}'`;
    const child = spawn(`${editor} ${quoted}`, { shell: true, stdio: 'inherit', signal });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0)
      throw new UserError('editor', `The editor \`${editor}\` ended with ${code ?? 'a signal'}: nothing is changed.`, {
        hint: 'Set EDITOR to one that works here.',
      });
    return await readFile(file, 'utf8');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
