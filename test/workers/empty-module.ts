/** A module without a function that makes a batch. */
export const batch = undefined
