import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { readConfig } from '../src/config.ts';
import { createService } from '../src/server.ts';
import { Store } from '../src/store.ts';

const service = createService(readConfig({ API_KEYS: 'ana:one', PUBLIC_URL: 'https://s.example' }), new Store());
const withKey = { Authorization: 'Bearer one' };
let base = '';

before(async () => {
  await new Promise<void>((done) => service.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
});
after(() => service.close());

test('a link is made, followed, counted and removed', async () => {
  const body = JSON.stringify({ url: 'https://example.org/page', slug: 'page' });
  const made = await fetch(`${base}/links`, { method: 'POST', headers: withKey, body });
  assert.equal(made.status, 201);
  assert.equal(((await made.json()) as { short: string }).short, 'https://s.example/page');

  const taken = await fetch(`${base}/links`, { method: 'POST', headers: withKey, body });
  assert.equal(taken.status, 409);

  const followed = await fetch(`${base}/page`, { redirect: 'manual' });
  assert.equal(followed.status, 302);
  assert.equal(followed.headers.get('location'), 'https://example.org/page');

  const shown = await fetch(`${base}/links/page`, { headers: withKey });
  assert.equal(((await shown.json()) as { followed: number }).followed, 1);

  const removed = await fetch(`${base}/links/page`, { method: 'DELETE', headers: withKey });
  assert.equal(removed.status, 204);
  assert.equal((await fetch(`${base}/page`, { redirect: 'manual' })).status, 404);
});

test('without a key nothing is changed or revealed', async () => {
  const answer = await fetch(`${base}/links/page`);
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
});

test('a body that is too large is refused', async () => {
  const answer = await fetch(`${base}/links`, { method: 'POST', headers: withKey, body: 'x'.repeat(20_000) });
  assert.equal(answer.status, 413);
});

test('the service says that it is well', async () => {
  assert.deepEqual(await (await fetch(`${base}/health`)).json(), { status: 'ok' });
});
