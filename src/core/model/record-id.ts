/** Ids of records, as they come from outside. */

/** The greatest bigint of Postgres. */
const GREATEST = 2n ** 63n - 1n

/** Whether a record could have it. Another text is nobody's id, and Postgres would refuse to compare it. */
export function isRecordId(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) <= GREATEST
}
