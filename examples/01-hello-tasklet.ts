/**
 * Lesson 1: the smallest job. One parameter, one step, one function.
 *
 *     npx batchwright run hello name=Ada
 *
 * Run it twice: the second time it is refused, because "hello with name=Ada" is complete. Another name is another
 * instance. `shout` is not identifying: it changes how the job runs, not which job it is.
 */
import { defineJob, nonIdentifying } from 'batchwright'
import { z } from 'zod'

export const hello = defineJob({
  name: 'hello',
  description: 'Says hello to somebody, once',
  parameters: z.object({
    name: z.string().min(1).describe('whom to greet'),
    shout: nonIdentifying(z.boolean()).default(false),
  }),
  steps: (step) => ({
    greet: step.tasklet(({ parameters, count }) => {
      const greeting = `Hello, ${parameters.name}!`
      console.error(parameters.shout ? greeting.toUpperCase() : greeting)
      count({ writeCount: 1 })
    }),
  }),
})
