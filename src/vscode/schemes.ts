/** Schemes of documents that are ours. */

/** Documents that are made of a run and cannot be written. */
export const documentScheme = 'orchestra';
/** Items of plans, which can. */
export const itemScheme = 'orchestra-item';
/** Both sides of what is reviewed. */
export const reviewScheme = 'orchestra-review';
