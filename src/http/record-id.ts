/** Ids of records, as they come from outside. */

const GREATEST = 2n ** 63n - 1n

/** Whether a record could have it: others are not asked for, because Postgres would take them for a mistake of ours. */
export function isRecordId(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) <= GREATEST
}
