import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { boardName } from '../core/bus/names.ts';
import { redactor, redactStream } from '../core/bus/redact.ts';
import type { AskInput } from '../core/ask.ts';
import { isAbort, reasonOf } from '../core/errors.ts';
import { type Log, type Models, type Person, type Ports, RouteError, type Journal } from '../core/ports.ts';
import type { JournalRecord } from '../core/run/events.ts';
import { fold } from '../core/run/fold.ts';
import type { TeamFile } from '../core/team/file.ts';
import { openApplier } from './apply/apply.ts';
import { openGate } from './apply/gate.ts';
import { openChecks, type Consent } from './checks/checks.ts';
import { findSandbox, unconfinedNotice } from './checks/sandbox.ts';
import { openWorkspaces, type OpenWorkspaces } from './git/workspaces.ts';
import { openBus } from './memory/bus.ts';
import { cutAttempts, openDrop } from './memory/drop.ts';
import { handCode, type HandedCode } from './memory/code/hand.ts';
import { openKnowledge } from './memory/knowledge.ts';
import { openMemory } from './memory/serena/openMemory.ts';
import { openModels } from './models/client.ts';
import type { HostedServer } from './models/hostedWire.ts';
import { openInbox } from './run/inbox.ts';
import { openJournal } from './run/journal.ts';
import type { Lease } from './run/lease.ts';
import { cacheFolder } from './paths.ts';
import { runSecret } from './run/provenance.ts';
import { openTranscripts } from './run/transcripts.ts';
import { secretsOf } from './secrets.ts';
import { bundledServer, placedServers, shippedServers } from './servers.ts';

export interface PortsOptions {
  readonly root: string;
  readonly run: string;
  readonly folder: string;
  readonly lease: Lease;
  readonly team: TeamFile;
  readonly consent: Consent;
  /** Why a server may not be used yet; undefined when it may. */
  readonly unapproved: (server: string) => string | undefined;
  readonly surroundings: Surroundings;
  readonly person: Person;
  readonly log: Log;
  /** The version that goes on with the run; absent to add to one that has ended. */
  readonly engine?: string;
  readonly onText?: (call: string, attempt: number, text: string) => void;
  readonly signal: AbortSignal;
}

/** What the host brings along besides the machine. */
export interface Surroundings {
  /** Servers that the host serves in its own process, by name. */
  readonly hosted?: Readonly<Record<string, HostedServer>> | undefined;
  /** Environment for the servers that ship with this, besides the process's own: keys out of a secret storage. Never written down. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

/** The models of a team, as they are reached from here. */
export function modelsOf(
  team: TeamFile,
  o: { root: string; log: Log; surroundings: Surroundings },
): ReturnType<typeof openModels> {
  const { hosted, env = {} } = o.surroundings;
  return openModels({
    servers: placedServers(team.servers),
    hosted,
    keys: { env, servers: shippedServers(team.servers) },
    root: o.root,
    env: process.env,
    log: o.log,
  });
}

export interface OpenPorts {
  readonly ports: Ports;
  /** Removes the checkouts of the run: what it needs later is kept as commits. */
  tidy(): Promise<void>;
  close(): Promise<void>;
}

/** The machine's side of one run, for the holder of its lease: everything that the engine needs, opened, and closed together. */
export async function openPorts(o: PortsOptions): Promise<OpenPorts> {
  const secrets = await secretsOf(o.root, { ...process.env, ...o.surroundings.env });
  const clean = redactor(secrets);
  const closing: (() => Promise<void> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.toReversed())
      await Promise.resolve(end()).catch((error: unknown) => o.log.warn(String(error)));
  };
  try {
    const journal = await openJournal(o.folder, {
      lease: o.lease,
      now: Date.now,
      ...(o.engine !== undefined && { engine: o.engine }),
    });
    closing.push(() => journal.close());
    const workspaces: OpenWorkspaces = await openWorkspaces({ root: o.root, run: o.run, log: o.log, signal: o.signal });
    closing.push(() => workspaces.close());
    const memory = await openMemory({
      root: o.root,
      backend: o.team.memory.backend,
      program: process.env['ORCHESTRA_SERENA'],
      env: process.env,
      signal: o.signal,
      log: o.log,
    });
    closing.push(() => memory.serena?.end());
    for (const note of memory.notes) o.log.warn(note);
    const bus = await openBus({ root: o.root, run: o.run, store: memory.store, hash: sha256, log: o.log });
    await bus.projectMessages(journal.records);
    const drop = openDrop({
      root: o.root,
      run: o.run,
      folder: o.folder,
      memories: join(memory.store.pathOf(boardName(o.run)), '..', 'drop'),
      secret: await runSecret(o.root, o.run),
      roles: Object.keys(o.team.roles),
      cut: cutAttempts(fold(journal.records)),
      server: bundledServer('bus'),
      most: o.team.limits.messagesPerCall,
      log: o.log,
      onLook: () => bus.mend(),
    });
    const transcripts = openTranscripts(o.folder, { log: o.log, filter: () => redactStream(secrets) });
    closing.push(() => transcripts.close());
    const models = modelsOf(o.team, o);
    closing.push(() => models.close());
    const code = o.team.memory.codeTools
      ? await handCode({ root: o.root, run: o.run, env: process.env }, o.signal)
      : undefined;
    if (code && 'why' in code) o.log.warn(code.why);
    const eyes = code && !('why' in code) ? code : undefined;
    if (eyes) closing.push(() => eyes.close());
    const applier = openApplier({
      root: o.root,
      runFolder: o.folder,
      readBlob: (sha, signal) => workspaces.blob(sha, signal),
    });
    // An apply that a crash cut off is taken back before anything else is done here.
    const { rolledBack, left } = await applier.recover(o.signal);
    if (rolledBack.length > 0) o.log.warn(`An apply that was cut off has been taken back: ${rolledBack.join(', ')}.`);
    for (const { path, why } of left) o.log.warn(`An apply was cut off, and ${path} could not be taken back: ${why}`);
    const confinement = o.team.checks.length > 0 ? await findSandbox(o.signal) : undefined;
    if (confinement && !confinement.sandbox) o.log.warn(unconfinedNotice);
    const based = basedOn(journal);
    const ports: Ports = {
      log: o.log,
      clock: {
        now: Date.now,
        timeout(ms) {
          const control = new AbortController();
          // setTimeout takes at most 2^31-1 ms, and fires at once above that.
          const timer = setTimeout(
            () => control.abort(new DOMException('The time is over.', 'TimeoutError')),
            Math.min(ms, 2 ** 31 - 1),
          );
          timer.unref();
          return { signal: control.signal, cancel: () => clearTimeout(timer) };
        },
      },
      journal: based.journal,
      inbox: openInbox(o.folder, o.log),
      models: guarded(eyes ? withCode(models, eyes) : models, o.unapproved),
      workspaces,
      checks: openChecks({
        root: o.root,
        checks: o.team.checks,
        setup: o.team.setup,
        consent: o.consent,
        log: o.log,
        readable: [cacheFolder()],
        ...(confinement && { confinement }),
      }),
      bus: { ...bus, ...drop },
      knowledge: openKnowledge(o.root),
      gate: openGate({
        root: o.root,
        list: async (signal) => (based.tree() === '' ? [] : workspaces.list(based.tree(), signal)),
      }),
      applier,
      person: o.person,
      transcripts: {
        prompt: (call, attempt, text) => transcripts.prompt(call, attempt, text),
        read: (call, attempt) => transcripts.read(call, attempt),
        append(call, attempt, text) {
          transcripts.append(call, attempt, text);
          o.onText?.(call, attempt, text);
        },
        end: (call, attempt) => transcripts.end(call, attempt),
      },
      hash: sha256,
      redact: (text) => clean(text).text,
    };
    const tidy = async (): Promise<void> => {
      // The run has ended well whatever becomes of its checkouts: `clean` removes later what stays.
      await workspaces.clean(o.run, o.signal).catch((error: unknown) => {
        if (!isAbort(error)) o.log.warn(`The workspaces of ${o.run} could not be removed: ${reasonOf(error)}`);
      });
    };
    return { ports, tidy, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The journal, and the tree that the run began with as soon as it is in it. */
function basedOn(journal: Journal): { journal: Journal; tree(): string } {
  let tree = '';
  const look = (record: JournalRecord): void => {
    if (record.event.type === 'base.taken') tree = record.event.tree;
  };
  journal.records.forEach(look);
  return {
    tree: () => tree,
    journal: {
      records: journal.records,
      async append(entry) {
        const record = await journal.append(entry);
        look(record);
        return record;
      },
    },
  };
}

/** Every role gets code tools for the folder that it works in; other tools know nothing of servers that are handed on. */
function withCode(models: Models, code: HandedCode): Models {
  return {
    ...models,
    ask(route, input, hooks) {
      if (route.arguments !== undefined) return models.ask(route, input, hooks);
      return models.ask(route, { ...input, servers: [...(input.servers ?? []), code.server(input.cwd)] }, hooks);
    },
  };
}

/** A server that a repository brings is not started before the person approved it. */
function guarded(models: Models, unapproved: (server: string) => string | undefined): Models {
  return {
    scripted: (server) => models.scripted(server),
    async reach(route, signal, how) {
      const why = unapproved(route.server);
      if (why === undefined) return models.reach(route, signal, how);
      return { failure: { kind: 'not-approved', message: why }, gone: [], mends: [] };
    },
    async ask(route, input: AskInput, hooks) {
      const why = unapproved(route.server);
      if (why !== undefined) throw new RouteError({ kind: 'not-approved', message: why });
      return models.ask(route, input, hooks);
    },
  };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
