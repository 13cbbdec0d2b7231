/** What a processor returns to drop an item. */

/** The one way to drop an item: `return FILTERED`. `null` and `undefined` are never taken for it. */
export const FILTERED: unique symbol = Symbol.for('batchwright.FILTERED')
export type Filtered = typeof FILTERED
