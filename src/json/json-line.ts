/** A value as one line of JSON. */

/** Dates become RFC 3339 by themselves; a bigint is beyond JSON's numbers and becomes a string. */
export function jsonLine(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one))
}
