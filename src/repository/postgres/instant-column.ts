/** Instants as SQL answers them: in milliseconds, because a given data source may read a timestamp in any form. */

export const milliseconds = (column: string): string => `trunc(extract(epoch from ${column}) * 1000)::text`

export function decodeInstant(text: string): Date
export function decodeInstant(text: string | null): Date | null
export function decodeInstant(text: string | null): Date | null {
  return text === null ? null : new Date(Number(text))
}
