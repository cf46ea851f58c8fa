import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mediaFolder } from '../node/servers.ts';

/** The task of the sample; its script answers no other. */
export const sampleTask = 'Add rate limiting to the public API';

/** A copy of the sample project in a new folder below `storage`, with the scripted team beside it. It stays, to be looked at. */
export async function makeSample(storage: string, tempo = 1): Promise<{ root: string; teamFile: string }> {
  await mkdir(join(storage, 'samples'), { recursive: true });
  const place = await mkdtemp(join(storage, 'samples', 'sample-'));
  const from = join(mediaFolder(), 'sample');
  const root = join(place, 'links');
  await cp(join(from, 'project'), root, { recursive: true });
  // Beside the project and not in it: then they are the person's word, as a file of their own would be.
  await cp(join(from, 'script.yaml'), join(place, 'script.yaml'));
  const team = await readFile(join(from, 'team.yaml'), 'utf8');
  const teamFile = join(place, 'team.yaml');
  await writeFile(
    teamFile,
    team
      .replaceAll('--name,', `--tempo, '${tempo}', --name,`)
      .replaceAll(/run: node (.*)$/gm, (_, rest: string) => `run: ${JSON.stringify(`${ownNode()} ${rest}`)}`),
  );
  return { root, teamFile };
}

/** The Node that runs this as a command line: a machine with an editor need not have another. An editor's own program is Node when it is told so. */
function ownNode(): string {
  const program = `"${process.execPath}"`;
  if (process.versions['electron'] === undefined) return program;
  return process.platform === 'win32' ? `set ELECTRON_RUN_AS_NODE=1&& ${program}` : `ELECTRON_RUN_AS_NODE=1 ${program}`;
}
