/** What every list takes. */
import { z } from '@hono/zod-openapi'

const DEFAULT_LIMIT = 50
const GREATEST_LIMIT = 200

export const pageQuery: {
  readonly limit: z.ZodDefault<z.ZodCoercedNumber>
  readonly cursor: z.ZodOptional<z.ZodString>
} = {
  limit: z.coerce.number().int().min(1).max(GREATEST_LIMIT).default(DEFAULT_LIMIT),
  cursor: z.string().max(1000).optional().openapi({ description: '`nextCursor` of the page before.' }),
}
