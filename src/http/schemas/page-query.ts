/** What every list takes. */
import { z } from '@hono/zod-openapi'
import { type QueryNumber, queryNumber } from './query-number.ts'

const DEFAULT_LIMIT = 50
const GREATEST_LIMIT = 200

export const pageQuery: {
  readonly limit: QueryNumber
  readonly cursor: z.ZodOptional<z.ZodString>
} = {
  limit: queryNumber(1, GREATEST_LIMIT, DEFAULT_LIMIT),
  cursor: z.string().max(1000).optional().openapi({ description: '`nextCursor` of the page before.' }),
}
