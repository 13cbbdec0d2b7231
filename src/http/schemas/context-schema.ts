/** How the context of an execution or a step looks. */
import { z } from '@hono/zod-openapi'

export const contextSchema: z.ZodType = z
  .object({ executionContext: z.record(z.string(), z.unknown()) })
  .openapi('ExecutionContext', { description: 'What is not to be read is `***`.' })
