import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { PanelState } from '../../../src/protocol.ts';
import type { Entry } from '../../../src/vscode/extension.ts';
import type { Api } from '../../../src/vscode/window.ts';
import { panelState } from '../../../src/vscode/panel/state.ts';
import type { Session } from '../../../src/vscode/session.ts';

/** What suites inside the extension host share. They see the extension as another extension would, and its session. */

export const sampleTask = 'Add rate limiting to the public API';

/** The folder beside the project, where the scripted servers count. */
export const place = process.env['ORCHESTRA_TEST_PLACE'] ?? '';
export const root = join(place, 'links');

export async function activated(): Promise<Api> {
  const extension = vscode.extensions.getExtension<Entry>('model-orchestra.model-orchestra');
  assert.ok(extension, 'the extension is installed');
  return (await extension.activate()).open();
}

/** What the panel draws now. */
export const drawn = (api: Api): PanelState => panelState(api.panel.current(), undefined);

/** Waits until `look` gives something; asks at every change of the session. */
export async function until<T>(session: Session, what: string, look: () => T | undefined | false): Promise<T> {
  return new Promise((resolve, reject) => {
    let done = (): void => {};
    const late = setTimeout(() => {
      done();
      const { shown, problem, questions } = session.view();
      reject(
        new Error(
          `this did not come: ${what}. Problem: ${JSON.stringify(problem)}; questions: ${questions.map(({ kind }) => kind).join()}; ` +
            `outcome: ${shown?.state.outcome} ${shown?.state.reason}; phase: ${shown?.state.phase}`,
        ),
      );
    }, 180_000);
    const check = (): void => {
      let found: T | undefined | false;
      try {
        found = look();
      } catch (error) {
        done();
        reject(error as Error);
        return;
      }
      if (found === undefined || found === false) return;
      done();
      resolve(found);
    };
    const listening = session.onChange(check);
    done = () => {
      clearTimeout(late);
      listening.dispose();
    };
    check();
  });
}

/** The same for what tells of no change: asks again and again. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (let tries = 0; tries < 900; tries += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`this did not come: ${what}`);
}

/** The question of a kind, when it is asked. */
export const question = (session: Session, kind: 'permission' | 'held' | 'team' | 'plan' | 'apply') =>
  until(session, `the question ${kind}`, () =>
    session.view().questions.find((one) => (one.kind === 'stop' ? one.stop.stop : one.kind) === kind),
  );

/** What the scripted servers did: one entry a line. */
export async function counted(): Promise<{ key: string; event: string }[]> {
  const text = await readFile(join(place, 'count.jsonl'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { key: string; event: string });
}

/** Waits until the other window's suite has given a sign; gives what it wrote. */
export async function signsOf(name: string): Promise<string> {
  const signed = await eventually(`the other window's sign ${name}`, async () =>
    readFile(join(place, `${name}.sign`), 'utf8').then(
      (text) => ({ text }),
      () => undefined,
    ),
  );
  return signed.text;
}
