/** What is played in a real editor: a folder, how it is trusted, and the suites one after the other on the same user data. */
export interface Place {
  /** Beside the project: user data, team file, the scripted servers' count. */
  readonly place: string;
  readonly root: string;
  readonly teamFile: string;
}

export interface Scenario {
  readonly name: string;
  readonly launches: readonly { readonly suite: string; readonly kill?: boolean }[];
  /** What is opened; default the sample. Undefined: nothing. */
  readonly folder?: (place: Place) => string | undefined;
  readonly trust?: boolean;
  /** How fast the script is played. */
  readonly tempo?: number;
  readonly settings?: (place: Place) => Record<string, unknown>;
  readonly prepare?: (place: Place) => Promise<void>;
}

const scripted = ({ teamFile }: Place): Record<string, unknown> => ({ 'orchestra.teamFile': teamFile });

export const scenarios: readonly Scenario[] = [{ name: 'story', launches: [{ suite: 'story' }], settings: scripted }];
