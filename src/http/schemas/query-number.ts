/** A whole number in a query. */
import { z } from '@hono/zod-openapi'

export type QueryNumber = z.ZodType<number, string | undefined>

/** Digits and nothing else: `z.coerce` would take an empty text for 0, and `0x10` for 16. */
export function queryNumber(least: number, most: number, byDefault: number): QueryNumber {
  return z
    .string()
    .regex(/^[0-9]{1,9}$/, 'it is no whole number')
    .transform(Number)
    .pipe(z.number().int().min(least).max(most))
    .default(byDefault)
    .openapi({ type: 'integer', minimum: least, maximum: most, default: byDefault })
}
