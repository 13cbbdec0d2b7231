/** What is launched: a job with one step that does nothing, and a new instance for each number. */
import { defineJob } from 'batchwright'
import { z } from 'zod'

export const trivial = defineJob({
  name: 'trivial',
  parameters: z.object({ round: z.string() }),
  steps: (step) => ({ only: step.tasklet(() => 'done') }),
})
