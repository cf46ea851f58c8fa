/** The version of this product, as in package.json; a journal names the one that wrote it. */
export const version = '0.1.0';
