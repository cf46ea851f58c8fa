import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { secretPartsOf, secretsOf } from '../../src/node/secrets.ts';
import { scratch, system } from './run/support.ts';
import { skipFor } from '../harness/skip.ts';

describe('secrets', () => {
  const folder = scratch();

  it('are found by their names, if their values tell anything', () => {
    for (const [name, value] of [
      ['OPENAI_API_KEY', 'abc123def456'],
      ['apiToken', 'abc-123-def'],
      ['DB_PASSWORD', 'correct horse battery'],
      ['AWS_SECRET_ACCESS_KEY', '/x8fK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kM9aB3dE6g'],
      ['GITHUB_PAT', 'ghp-something1'],
      ['SESSION_COOKIE', 'a=b; c=d1'],
    ] as const) {
      assert.deepEqual(secretPartsOf(name, value), [value], name);
    }
    for (const [name, value] of [
      ['PATH', '/usr/bin:/bin'],
      ['HOME', '/home/me'],
      ['SSH_AUTH_SOCK', '/tmp/agent.123'],
      ['TOKEN_LIMIT', '100000000000'],
      ['MAX_TOKENS', '1000000000'],
      ['DB_PASSWORD', 'postgres'],
      ['SECRET_MODE', 'production1'],
      ['API_KEY', 'short1'],
      ['PRIVATE_KEY_FILE', '/home/me/key1.pem'],
      ['GIT_AUTHOR_NAME', 'Somebody 1'],
      ['SSH_KEY', '~/.ssh/id_ed25519'],
      ['KEYBOARD_LAYOUT', 'us-intl-1234'],
      ['AUTH_URL', 'https://login.example.com/oauth2'],
      ['MONKEY', 'abc123def456'],
    ] as const) {
      assert.deepEqual(secretPartsOf(name, value), [], name);
    }
  });

  it('are the passwords in addresses, as written and as meant', () => {
    assert.deepEqual(secretPartsOf('DATABASE_URL', 'postgres://me:p%40ss-w0rd!@db/x'), ['p%40ss-w0rd!', 'p@ss-w0rd!']);
    assert.deepEqual(secretPartsOf('DATABASE_URL', 'postgres://db/x'), []);
  });

  it('are read from the environment and the .env files of the project', async () => {
    const files: Record<string, string> = {
      '.env': '# comment\nexport API_KEY="one-secret-1"\nMULTI_SECRET="line one 1\nline two"\nPORT=3000\n',
      '.env.local': "TOKEN='two-secret-2'\n",
      '.env.example': 'API_KEY=your-key-here-1\n',
      'packages/a/.env.production': 'SECRET=three-secret-3\n',
      'a/b/c/d/.env': 'SECRET=too-deep-to-find-4\n',
      'node_modules/x/.env': 'SECRET=of-a-package-5\n',
      '.git/.env': 'SECRET=of-git-6666\n',
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(join(folder(), path, '..'), { recursive: true });
      await writeFile(join(folder(), path), text);
    }
    await mkdir(join(folder(), 'b/.env'), { recursive: true });
    await mkdir(join(folder(), 'c'));
    await writeFile(join(folder(), 'c/.env'), Buffer.alloc(300 * 1024, 'SECRET=huge-secret-7\n'));
    const found = await secretsOf(folder(), { MY_TOKEN: 'env-secret-0', COPY_TOKEN: 'env-secret-0', LANG: 'C' });
    assert.deepEqual(
      found.toSorted((a, b) => a.value.localeCompare(b.value)),
      [
        { name: 'MY_TOKEN', value: 'env-secret-0' },
        { name: 'MULTI_SECRET', value: 'line one 1\nline two' },
        { name: 'API_KEY', value: 'one-secret-1' },
        { name: 'SECRET', value: 'three-secret-3' },
        { name: 'TOKEN', value: 'two-secret-2' },
      ],
    );
    assert.deepEqual(await secretsOf(join(folder(), 'none'), {}), []);
  });

  it('do not wait for a pipe that is called .env', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    system('mkfifo', join(folder(), '.env'));
    assert.deepEqual(await secretsOf(folder(), {}), []);
  });
});
