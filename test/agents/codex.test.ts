import { agentSuite } from './suite.ts';

agentSuite({ agent: 'codex', model: 'gpt-6.2-sol', low: 'low', resumes: true });
