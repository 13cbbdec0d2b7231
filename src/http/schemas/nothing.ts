/** Of operations that take nothing. */
import { z } from '@hono/zod-openapi'

export const NO_QUERY: z.ZodObject<z.core.$ZodLooseShape, z.core.$strict> = z.strictObject({})
export const NO_BODY: z.ZodObject<z.core.$ZodLooseShape, z.core.$strict> = z.strictObject({})
