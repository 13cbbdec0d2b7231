/** How a refusal looks. */
import { z } from '@hono/zod-openapi'

export const problemSchema: z.ZodObject = z
  .object({
    type: z.string().openapi({ example: 'urn:batchwright:problem:instance-running' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string().optional().openapi({ description: 'The path that was asked for.' }),
    code: z.string().openapi({ description: 'Stays the same across versions.', example: 'instance-running' }),
    requestId: z.string().openapi({ description: "Under which the server's log has it." }),
    errors: z
      .array(
        z.object({
          pointer: z
            .string()
            .optional()
            .openapi({ description: 'Where in the body.', example: '#/parameters/day' }),
          parameter: z.string().optional().openapi({ description: 'Which of the query, or which header.' }),
          detail: z.string(),
        }),
      )
      .optional(),
    details: z.record(z.string(), z.unknown()).optional().openapi({ description: 'The actual values.' }),
  })
  .openapi('Problem')
