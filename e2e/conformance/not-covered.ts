/** Tests of the public suite that have no counterpart here, and why. */
export const notCovered: Readonly<Record<string, string>> = {};
