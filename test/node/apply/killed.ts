import { readFileSync } from 'node:fs';
import type { FileChange } from '../../../src/core/change/change.ts';
import { applierOf } from './killing.ts';

/** A process that applies, undoes or recovers, and kills itself at one of the points between the steps. */
const [root, doing, changesFile, killAt] = process.argv.slice(2) as [string, string, string, string];
let count = 0;
const applier = applierOf(root, () => {
  if (count++ === Number(killAt)) process.kill(process.pid, 'SIGKILL');
});
const never = new AbortController().signal;
if (doing === 'apply') await applier.apply(JSON.parse(readFileSync(changesFile, 'utf8')) as FileChange[], 'a1', never);
else if (doing === 'undo') await applier.undo('a1', never);
else await applier.recover(never);
