import type { Log, Person } from '../../src/core/ports.ts';

/** A person who says go to everything that a stop asks, once to permissions, and no to held files. */
export const goingPerson: Person = {
  name: 'test',
  decide: async () => 'go',
  permit: async () => 'once',
  approve: async () => 'no',
};

/** Says nothing but what goes wrong. */
export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message) => void process.stderr.write(`${message}\n`),
  error: (message) => void process.stderr.write(`${message}\n`),
};
