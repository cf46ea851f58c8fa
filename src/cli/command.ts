/** One row of the table of commands: how it is called, and what it does. */
export interface CliCommand {
  /** Name and arguments, as commander writes them: `show [run]`. */
  readonly usage: string;
  readonly summary: string;
  /** Flags, what they are for, and for those that can be repeated `many`. */
  readonly options: readonly (readonly [flags: string, about: string, many?: 'many'])[];
  /** More for its help. */
  readonly help?: string;
  /** Gives the exit code. `options` holds what commander read, by the flags' names. */
  run(args: readonly (string | undefined)[], options: CliOptions): Promise<number>;
}

/** Flags as commander gives them. */
export type CliOptions = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** The text of an option. */
export function textOf(options: CliOptions, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of an option that can be repeated. */
export function textsOf(options: CliOptions, name: string): readonly string[] {
  const value = options[name];
  return Array.isArray(value) ? (value as readonly string[]) : [];
}
