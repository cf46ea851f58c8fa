import type { Mend } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { findSandbox } from '../checks/sandbox.ts';
import { gitProgram } from '../git/program.ts';
import type { Log } from '../../core/ports.ts';
import { busTroubles } from '../memory/health.ts';
import { findSerena } from '../memory/serena/find.ts';
import { cacheFolder } from '../paths.ts';
import { listRuns } from '../run/runs.ts';
import type { Finding } from './finding.ts';

/** What of this machine and this folder a run needs, or is better with. All is looked at side by side. */
export async function machineOf(
  here: { readonly root: string; readonly trusted: boolean; readonly missing: number; readonly log: Log },
  signal: AbortSignal,
): Promise<Finding[]> {
  const { root, trusted, missing, log } = here;
  const [git, sandbox, serena, bus] = await Promise.all([
    gitOf(signal),
    findSandbox(signal),
    serenaOf(signal),
    busOf(root, log),
  ]);
  return [
    git,
    finding('Node.js', process.version, []),
    sandbox.sandbox
      ? finding('Sandbox', sandbox.describe, [])
      : finding('Sandbox', sandbox.describe, process.platform === 'linux' ? [installBubblewrap] : []),
    serena,
    ...bus,
    trustOf(trusted, missing),
  ];
}

/** The messages between roles, as they lie in this folder; no line where there are none. */
async function busOf(root: string, log: Log): Promise<Finding[]> {
  const troubles = await busTroubles(root, log);
  if (troubles.length > 0)
    return troubles.map(({ detail, mend, fix, minor }): Finding => {
      const mends: Mend[] = [{ label: mend, kind: 'other', ...(fix && { command: 'orchestra doctor --fix' }) }];
      return { what: 'Bus', state: minor ? 'off' : 'missing', detail, mends };
    });
  const runs = await listRuns(root);
  if (runs.length === 0) return [];
  return [finding('Bus', 'Messages and pages say what the journals say; nothing is left behind.', [])];
}

const installBubblewrap: Mend = {
  label: 'Install bubblewrap, so that checks of model-written code run in a sandbox',
  command: 'sudo apt install bubblewrap',
  kind: 'install',
};

async function gitOf(signal: AbortSignal): Promise<Finding> {
  try {
    return finding('git', await gitProgram(signal), []);
  } catch (error) {
    signal.throwIfAborted();
    return missingFinding('git', reasonOf(error), [{ label: 'Install git 2.38 or newer.', kind: 'install' }]);
  }
}

async function serenaOf(signal: AbortSignal): Promise<Finding> {
  const setting = process.env['ORCHESTRA_SERENA'];
  const found = await findSerena({ setting, env: process.env, signal, cache: cacheFolder() });
  if (found.program) return finding('Serena', `${found.program.version} at ${found.program.command}`, []);
  return missingFinding('Serena', `${found.why} The memory works without it, in the same files.`, [
    { label: 'Install Serena', command: 'uv tool install serena-agent', kind: 'install' },
  ]);
}

function trustOf(trusted: boolean, missing: number): Finding {
  const waits = `${missing} ${missing === 1 ? 'thing of its team file waits' : 'things of its team file wait'} for your approval`;
  const detail = trusted
    ? missing === 0
      ? 'Trusted.'
      : `Trusted; ${waits}.`
    : 'Not trusted: its team file is not read.';
  if (trusted && missing === 0) return finding('This folder', detail, []);
  return missingFinding('This folder', detail, [
    { label: 'Look at what this folder brings, and approve it', command: 'orchestra trust', kind: 'trust' },
  ]);
}

const finding = (what: string, detail: string, mends: readonly Mend[]): Finding => ({
  what,
  state: mends.length === 0 ? 'ok' : 'missing',
  detail,
  mends,
});

const missingFinding = (what: string, detail: string, mends: readonly Mend[]): Finding => ({
  ...finding(what, detail, mends),
  state: 'missing',
});
