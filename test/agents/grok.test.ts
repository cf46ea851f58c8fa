import { agentSuite } from './suite.ts';

agentSuite({ agent: 'grok', model: 'grok-4.6', low: 'low', resumes: true });
