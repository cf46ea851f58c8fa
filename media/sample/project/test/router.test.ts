import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchRoute } from '../src/router.ts';

test('a route is found by method and path', () => {
  assert.equal(matchRoute('GET', '/health')?.route.action, 'health');
  assert.equal(matchRoute('POST', '/links')?.route.action, 'create');
  assert.equal(matchRoute('DELETE', '/links/docs')?.route.action, 'remove');
});

test('a name in the path stands for one segment', () => {
  assert.deepEqual(matchRoute('GET', '/links/docs')?.params, { slug: 'docs' });
  assert.equal(matchRoute('GET', '/links/docs/more'), undefined);
  assert.equal(matchRoute('GET', '/'), undefined);
});

test('only following links and health need no key', () => {
  assert.equal(matchRoute('GET', '/docs')?.route.protected, false);
  assert.equal(matchRoute('GET', '/links/docs')?.route.protected, true);
});
