import type { Mend } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import { findSandbox } from '../checks/sandbox.ts';
import { gitProgram } from '../git/program.ts';
import type { Log } from '../../core/ports.ts';
import { lookForCode } from '../memory/code/hand.ts';
import { languages } from '../memory/code/languages.ts';
import { busTroubles } from '../memory/health.ts';
import { findSerena } from '../memory/serena/find.ts';
import { cacheFolder } from '../paths.ts';
import { listRuns } from '../run/runs.ts';
import type { Finding } from './finding.ts';

/** What of this machine and this folder a run needs, or is better with. All is looked at side by side. */
export async function machineOf(
  here: {
    readonly root: string;
    readonly trusted: boolean;
    readonly missing: number;
    readonly codeTools: boolean;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<Finding[]> {
  const { root, trusted, missing, codeTools, log } = here;
  const [git, sandbox, serena, bus, code] = await Promise.all([
    gitOf(signal),
    findSandbox(signal),
    serenaOf(signal),
    busOf(root, log),
    codeTools ? codeOf(root, signal) : codeOff,
  ]);
  return [
    git,
    finding('Node.js', process.version, []),
    sandbox.sandbox
      ? finding('Sandbox', sandbox.describe, [])
      : finding('Sandbox', sandbox.describe, process.platform === 'linux' ? [installBubblewrap] : []),
    serena,
    code,
    ...bus,
    trustOf(trusted, missing),
  ];
}

/** The messages between roles, as they lie in this folder; no line where there are none. */
async function busOf(root: string, log: Log): Promise<Finding[]> {
  const troubles = await busTroubles(root, log);
  if (troubles.length > 0)
    return troubles.map(({ detail, mend, fix: doIt, minor }): Finding => {
      const mends: Mend[] = [{ label: mend, kind: 'other', ...(doIt && { command: fix }) }];
      return { what: 'Bus', state: minor ? 'off' : 'missing', detail, mends };
    });
  const runs = await listRuns(root);
  if (runs.length === 0) return [];
  return [finding('Bus', 'Messages and pages say what the journals say; nothing is left behind.', [])];
}

const fix = 'orchestra doctor --fix';

const codeOff: Finding = {
  what: 'Code tools',
  state: 'off',
  detail: 'Off. With `memory.codeTools: true` in a team file roles look up symbols and references by Serena.',
  mends: [],
};

/** True where code tools are on, and something must be fetched for them. */
export function lacksLanguageServers(machine: readonly Finding[]): boolean {
  return machine.some((f) => f.what === codeOff.what && f.mends.some((m) => m.command === fix));
}

/** Whether roles get symbols and references, and what would have to be fetched for it. */
async function codeOf(root: string, signal: AbortSignal): Promise<Finding> {
  const { program, why, wanted, ready } = await lookForCode(root, process.env, signal);
  if (!program)
    return missingFinding('Code tools', why, [
      { label: 'Install Serena', command: 'uv tool install serena-agent', kind: 'install' },
    ]);
  const titles = (names: readonly string[]): string => names.map((name) => languages[name]?.title ?? name).join(', ');
  if (wanted.length === 0)
    return {
      ...codeOff,
      detail: `Nothing here is in a language that they know (${titles(Object.keys(languages))}).`,
    };
  const lacking = wanted.filter((name) => !ready.includes(name));
  const detail = ready.length > 0 ? `Serena ${program.version} looks up ${titles(ready)}.` : '';
  if (lacking.length === 0) return finding('Code tools', detail, []);
  const brings = lacking.map((name) => `${titles([name])} needs ${languages[name]?.brings}`).join('; ');
  return finding('Code tools', `${detail} ${brings}.`.trim(), [
    { label: 'Fetch the language servers', command: fix, kind: 'install' },
  ]);
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
