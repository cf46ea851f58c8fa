import { asked, reviewIn } from './review.ts';

for (const version of asked.slice(1)) reviewIn(version);
