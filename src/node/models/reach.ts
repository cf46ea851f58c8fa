import { randomUUID } from 'node:crypto';
import { reachOutputSchema, reachTool } from '../../core/ask.ts';
import type { ReachInput, ReachOutput } from '../../core/ask.ts';
import { RouteError } from '../../core/ports.ts';
import type { Route } from '../../core/team/file.ts';
import { failureOfErrorText, structuredFailure } from './failures.ts';
import { textOf } from './mapping.ts';
import type { Connection } from './mcpClient.ts';
import { oneLine } from './text.ts';
import { inTime } from './waiting.ts';

/** A catalogue is worth this wait and no more: without it an id that is gone costs a failed attempt. */
const catalogueMs = 20_000;

/**
 * What a server says of a route over it. Rejects with `RouteError` when it does not say in time, or the signal's reason; a
 * catalogue that is not to be had in time is none.
 */
export async function reachOver(
  connection: Connection,
  route: Route,
  options: { catalogue: boolean; detail: boolean; signal: AbortSignal; ms: number },
): Promise<ReachOutput> {
  const { catalogue, detail, signal } = options;
  const input: ReachInput = {
    ids: route.ids,
    catalogue,
    detail,
    ...(route.agent !== undefined && { agent: route.agent }),
  };
  const ms = catalogue ? Math.min(catalogueMs, options.ms) : options.ms;
  const late = new RouteError({
    kind: 'silence',
    message: `${route.server} did not say in time whether it can be asked.`,
  });
  let result;
  try {
    result = await inTime(
      ms,
      () => late,
      (limit) =>
        connection.call(reachTool, { ...input }, { token: randomUUID(), signal: AbortSignal.any([signal, limit]) }),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error === late && catalogue) return { gone: [], mends: [] };
    throw error;
  }
  if (result.isError) {
    const failure = structuredFailure(result.structured) ?? failureOfErrorText(textOf(result));
    return { failure, gone: [], mends: [] };
  }
  const said = reachOutputSchema.safeParse(result.structured);
  if (!said.success)
    return {
      failure: { kind: 'protocol', message: `${route.server} did not answer as \`${reachTool}\` must.` },
      gone: [],
      mends: [],
    };
  const { failure, mends } = said.data;
  return {
    ...said.data,
    ...(failure && { failure: structuredFailure({ failure }) ?? failure }),
    // Words of others, for one line each.
    mends: mends.map((mend) => ({
      ...mend,
      label: oneLine(mend.label, 200),
      ...(mend.command !== undefined && { command: oneLine(mend.command, 300) }),
    })),
  };
}
