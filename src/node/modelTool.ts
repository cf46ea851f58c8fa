/** A tool that a model is offered which has no agent around it: to look at a folder, or of a server that was handed on with the call. */
export interface ModelTool {
  readonly name: string;
  readonly description: string;
  /** JSON schema of its arguments: an object. */
  readonly schema: Readonly<Record<string, unknown>>;
  /** What people see while it runs. */
  title(args: unknown): string;
  /** Takes the arguments as the model gave them; what it did wrong is in the text. Rejects only for what is ours, or with the signal's reason. */
  run(args: unknown): Promise<string>;
}
