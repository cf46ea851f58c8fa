import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Store } from '../src/store.ts';
import { isSlug, parseNewLink } from '../src/validate.ts';

test('a body is taken when its url is one of the web', () => {
  assert.deepEqual(parseNewLink('{"url":"https://example.org","slug":"docs"}'), {
    url: 'https://example.org',
    slug: 'docs',
  });
  for (const body of ['', '[', 'null', '{}', '{"url":"javascript:alert(1)"}', '{"url":"https://e.org","slug":"A B"}']) {
    assert.throws(() => parseNewLink(body), { status: 400 });
  }
});

test('a slug is never the name of a route', () => {
  assert.equal(isSlug('docs-2'), true);
  assert.equal(isSlug('links'), false);
  assert.equal(isSlug('-docs'), false);
});

test('links are kept in the file, and counted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'short-links-'));
  try {
    const file = join(folder, 'data', 'links.json');
    const store = new Store(file);
    await store.load();
    await store.add({ slug: 'docs', url: 'https://example.org', owner: 'ana' });
    assert.equal(await store.add({ slug: 'docs', url: 'https://example.com', owner: 'ana' }), undefined);
    await store.follow('docs');
    const again = new Store(file);
    await again.load();
    assert.equal(again.get('docs')?.followed, 1);
    assert.equal(await again.remove('docs'), true);
    assert.equal(await again.remove('docs'), false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
