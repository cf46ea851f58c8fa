import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authenticate } from '../src/auth.ts';

const keys = [
  { name: 'ana', key: 'one' },
  { name: 'build', key: 'two' },
];

test('a key says whose it is', () => {
  assert.equal(authenticate({ authorization: 'Bearer two' }, keys), 'build');
});

test('without a known key there is no entry', () => {
  for (const authorization of [undefined, '', 'Bearer', 'Bearer three', 'Basic two', 'two']) {
    assert.throws(() => authenticate({ authorization }, keys), { status: 401 });
  }
});
