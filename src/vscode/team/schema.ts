/** A JSON schema as far as a team file needs one: what may stand at a place, and what it means. */

export interface Schema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly items?: Schema;
}

/** What the schema says of what stands at a path; undefined where nothing may stand. `0` is an item of a list. */
export function schemaAt(schema: Schema, path: readonly (string | 0)[]): Schema | undefined {
  let at: Schema | undefined = schema;
  for (const step of path) {
    if (step === 0) at = at?.items;
    else {
      const known: Schema | undefined = Object.hasOwn(at?.properties ?? {}, step) ? at?.properties?.[step] : undefined;
      const others: Schema | boolean | undefined = at?.additionalProperties;
      at = known ?? (typeof others === 'object' ? others : undefined);
    }
    if (!at) return undefined;
  }
  return at;
}

/** The values that may stand there, when they can be counted. */
export function valuesOf(schema: Schema): readonly string[] {
  const counted = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (counted) return counted.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
  return schema.type === 'boolean' ? ['true', 'false'] : [];
}

/** In words: what it is for, what may stand there, and what counts without it. */
export function meaningOf(schema: Schema): string {
  const values = valuesOf(schema);
  const { type, description = '', default: usual } = schema;
  const kind =
    values.length > 0
      ? `One of ${values.map((value) => `\`${value}\``).join(', ')}.`
      : schema.items
        ? valuesOf(schema.items).length > 0
          ? `A list of ${valuesOf(schema.items)
              .map((value) => `\`${value}\``)
              .join(', ')}.`
          : 'A list.'
        : schema.properties || typeof schema.additionalProperties === 'object'
          ? ''
          : typeof type === 'string'
            ? `A ${type === 'integer' ? 'whole number' : type === 'string' ? 'text' : type}.`
            : '';
  const plain = ['string', 'number', 'boolean'].includes(typeof usual) && usual !== '';
  return [description, kind, plain ? `Without it: \`${String(usual)}\`.` : '']
    .filter((part) => part !== '')
    .join('\n\n');
}
