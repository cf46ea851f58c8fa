import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../src/config.ts';

test('settings have defaults', () => {
  const config = readConfig({});
  assert.equal(config.port, 8080);
  assert.equal(config.publicUrl, 'http://localhost:8080');
  assert.deepEqual(config.keys, []);
});

test('keys are read with their names', () => {
  const { keys } = readConfig({ API_KEYS: 'ana:one, build:two' });
  assert.deepEqual(keys, [
    { name: 'ana', key: 'one' },
    { name: 'build', key: 'two' },
  ]);
});

test('a setting that makes no sense is refused', () => {
  assert.throws(() => readConfig({ PORT: 'web' }), /PORT: "web"/);
  assert.throws(() => readConfig({ API_KEYS: 'ana' }), /API_KEYS/);
});
