import { agentSuite } from './suite.ts';

agentSuite({ agent: 'gemini', model: 'gemini-3.8-flash', low: undefined, resumes: false });
