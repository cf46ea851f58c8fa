/**
 * A host of its own, for tests that kill it: drives a run of a project and prints each record as a line of JSON.
 * `drive.ts ROOT TEAMFILE start|resume [TASK|RUN] [KILL]`; KILL is JSON `{seq}`: kill -9 of this process right after that
 * record is on disk.
 */
import { openProject } from '../../src/node/project.ts';
import { goingPerson, quietLog } from './host.ts';

const [root = '', teamFile = '', what = '', subject = '', kill] = process.argv.slice(2);
const at = kill === undefined ? undefined : (JSON.parse(kill) as { seq: number }).seq;
const { signal } = new AbortController();
const project = await openProject(root, { log: quietLog, signal, from: 'test' });
const host = {
  person: goingPerson,
  signal,
  onRecord(record: { seq: number }) {
    if (record.seq === at) process.kill(process.pid, 'SIGKILL');
    process.stdout.write(`${JSON.stringify(record)}\n`);
  },
};
const result =
  what === 'start' ? await project.start({ task: subject, teamFile }, host) : await project.resume(subject, host);
process.stdout.write(`${JSON.stringify({ end: result.outcome, reason: result.reason, run: result.run })}\n`);
