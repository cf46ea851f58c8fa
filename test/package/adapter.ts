import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { adapters } from '../../src/node/agents/adapters.ts';
import { adapterEntry, installPackage } from '../agents/install.ts';

/**
 * Lays codex-acp, as npm has it, into `dist/adapters` with the licences of all that is bundled in it, and sees that it starts there. Gives its
 * folder. Throws when the pinned version is not the tested one, or a licence is missing.
 */
export async function layAdapter(dist: string): Promise<string> {
  const { name, package: wanted, version } = adapters['codex-acp'];
  await installPackage(name);
  const entry = adapterEntry(name);
  const own = join(dirname(entry), '..');
  const modules = entry.slice(0, entry.lastIndexOf(join(wanted, 'dist')));
  const manifest = await manifestOf(own);
  if (manifest.version !== version) throw new Error(`${name} ${manifest.version} is tested, ${version} is meant.`);

  const folder = join(dist, 'adapters', name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const file of ['dist/index.js', 'package.json', 'LICENSE'])
    await copyFile(join(own, file), join(folder, file.replace('dist/', '')));
  const bundled = [...(await readFile(entry, 'utf8')).matchAll(/^\/\/ node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm)];
  const names = [...new Set(bundled.map(([, one]) => one ?? ''))].toSorted();
  if (names.length === 0) throw new Error(`${name} does not say any more what is bundled in it.`);
  const notices = await Promise.all(names.map((one) => noticeOf(join(modules, one))));
  await writeFile(join(folder, 'NOTICES.txt'), `Bundled in ${wanted} ${version}:\n\n${notices.join('\n')}`);
  await startsAt(join(folder, 'index.js'), version);
  return folder;
}

async function manifestOf(folder: string): Promise<{ name: string; version: string; license: string }> {
  return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Awaited<ReturnType<typeof manifestOf>>;
}

async function noticeOf(folder: string): Promise<string> {
  const { name, version, license } = await manifestOf(folder);
  const file = (await readdir(folder)).find((one) => /^licen[cs]e/i.test(one));
  if (file === undefined) throw new Error(`${name} brings no text of its licence.`);
  const text = (await readFile(join(folder, file), 'utf8')).trim();
  return `${'-'.repeat(72)}\n${name} ${version}: ${license}\n\n${text}\n`;
}

/** It is all there: without a codex it says no more than who it is. */
async function startsAt(entry: string, version: string): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [entry, '--version'], { cwd: dirname(entry) });
  if (!stdout.includes(version)) throw new Error(`${entry} does not start: ${stdout}`);
}
