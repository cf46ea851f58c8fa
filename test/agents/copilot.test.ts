import assert from 'node:assert/strict';
import { routeSchema } from '../../src/core/team/file.ts';
import { makeAgentsPlace } from './place.ts';
import { agentSuite } from './suite.ts';
import { says } from '../standin/reply.ts';

agentSuite({ agent: 'copilot', model: 'gpt-5.4', low: 'low', resumes: true });

describe('copilot without an account and without a provider', () => {
  it('is not signed in, and how to is told', async () => {
    const place = await makeAgentsPlace(['copilot'], () => says('Nobody asks.'));
    try {
      const models = place.open({ without: /^COPILOT_/ });
      const route = routeSchema.parse({ server: 'agents', agent: 'copilot', ids: ['gpt-5.4'] });
      const { failure, signedIn, mends } = await models.reach(route, AbortSignal.timeout(150_000));
      assert.equal(failure?.kind, 'not-signed-in', failure?.message);
      assert.equal(signedIn, false);
      assert.deepEqual(
        mends?.map(({ kind, command }) => [kind, command]),
        [['sign-in', 'copilot login']],
      );
      assert.equal(place.standin.requests.length, 0);
    } finally {
      await place.end();
    }
  });
});
