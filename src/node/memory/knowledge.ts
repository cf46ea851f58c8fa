import { dirname } from 'node:path';
import { isSafeName } from '../../core/bus/names.ts';
import { normalBody } from '../../core/bus/text.ts';
import type { Knowledge } from '../../core/ports.ts';
import { createExclusive, makeFolder, refuseOutside, writeAtomic } from '../files.ts';
import { readStore } from './store.ts';

/** The project's lasting memories, in Serena's own layout. They are the person's: nothing is written here that they did not agree to. */
export function openKnowledge(root: string): Knowledge {
  const store = readStore(root);
  const ours = (name: string): boolean => name.startsWith('orch/');
  return {
    list: async () => (await store.list('')).filter((name) => !ours(name)),
    read: (name) => store.read(name, () => true),
    async write(name, text, before) {
      if (!isSafeName(name) || ours(name)) throw new Error(`not a memory of the project: ${name}`);
      const path = store.pathOf(name);
      await refuseOutside(root, dirname(path));
      await makeFolder(dirname(path));
      const whole = normalBody(text);
      const there = await store.read(name, () => true);
      if (there === whole) return true;
      if (there !== before) return false;
      if (before === undefined) return createExclusive(path, whole);
      await writeAtomic(path, whole);
      return true;
    },
  };
}
