/** The vendors' lists of models, each in its own form; undefined for a path that is none of theirs. */
export function modelList(path: string, ids: readonly string[], anthropic: boolean): unknown {
  const [, one] = /\/models\/([^/]+)$/.exec(path) ?? [];
  if (one === undefined && !path.endsWith('/models')) return undefined;
  const shown = one === undefined ? ids : ids.filter((id) => id === decodeURIComponent(one));
  if (path.includes('/v1beta/')) {
    const models = shown.map((id) => ({
      name: `models/${id}`,
      displayName: id,
      inputTokenLimit: 1_000_000,
      outputTokenLimit: 64_000,
      supportedGenerationMethods: ['generateContent', 'countTokens'],
    }));
    return one === undefined ? { models } : models[0];
  }
  if (anthropic) {
    const data = shown.map((id) => ({ type: 'model', id, display_name: id, created_at: '2026-01-01T00:00:00Z' }));
    return one === undefined ? { data, has_more: false, first_id: ids[0], last_id: ids.at(-1) } : data[0];
  }
  const data = shown.map((id) => ({ id, object: 'model', created: 1_767_225_600, owned_by: 'standin' }));
  return one === undefined ? { object: 'list', data } : data[0];
}
