import { agentSuite } from './suite.ts';

agentSuite({ agent: 'claude', model: 'claude-sonnet-5-5', low: 'low', resumes: true });
