// Two suites in one window: to open one takes longer than they do. The team file first, which proves that opening it is enough.
import './teamFile.test.ts';
import './parts.test.ts';
