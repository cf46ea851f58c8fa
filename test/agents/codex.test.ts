import { agentSuite } from './suite.ts';

agentSuite({ agent: 'codex', model: 'gpt-6.1-sol', low: 'low', resumes: true });
