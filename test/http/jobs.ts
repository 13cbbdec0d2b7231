/** Jobs and schedules for the tests of the API. */
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { nonIdentifying } from '../../src/core/definition/parameter-kind.ts'
import { listPartitions } from '../../src/core/definition/partitioners.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { defineSchedule } from '../../src/scheduling/define-schedule.ts'
import { recordingWriter } from '../../src/testing/recording-writer.ts'

export const greet = defineJob({
  name: 'greet',
  description: 'Says hello',
  parameters: z.object({
    name: z.string(),
    times: nonIdentifying(z.int().min(1)).default(1),
    password: nonIdentifying(z.string()).optional(),
  }),
  steps: (step) => ({
    say: step.tasklet(({ stepContext, jobContext, parameters }) => {
      stepContext.set('apiKey', 'hidden-in-step')
      stepContext.set('said', parameters.name)
      jobContext.set('login', { user: 'anna', password: 'hidden-in-job' })
    }),
  }),
})

/** Runs until it is asked to stop, or the gate of its name is opened. */
export const wait = defineJob({
  name: 'wait',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    hold: step.tasklet(async ({ parameters, signal }) => {
      await gateOf(parameters.name).passed(signal)
    }),
  }),
})

export const fail = defineJob({
  name: 'fail',
  parameters: z.object({ name: z.string() }),
  exitCodes: { 'HALF DONE': 12 },
  steps: (step) => ({
    break: step.tasklet(({ parameters }) => {
      throw new Error(`cannot do ${parameters.name}`)
    }),
  }),
})

export const keyed = defineJob({
  name: 'keyed',
  parameters: z.object({ name: z.string(), apiKey: z.string().min(5) }),
  steps: (step) => ({
    break: step.tasklet(() => {
      throw new Error('no')
    }),
  }),
})

export const once = defineJob({
  name: 'once only',
  parameters: z.object({ name: z.string() }),
  restartable: false,
  steps: (step) => ({
    break: step.tasklet(() => {
      throw new Error('no')
    }),
  }),
})

export const skip = defineJob({
  name: 'skip',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    load: step.chunk(
      { size: 2, skip: { limit: 10, on: [RangeError] } },
      {
        reader: () => iterableReader([1, 2, 3]),
        processor: (item, { redrive }) => {
          if (item === 2 && redrive === undefined) throw new RangeError('two is too many')
          return { item, secret: 'of the item' }
        },
        writer: () => recordingWriter<{ item: number; secret: string }>(),
      },
    ),
  }),
})

const PARTS = ['a', 'b', 'c', 'd', 'e']

export const split = defineJob({
  name: 'split',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    load: step.partitioned(
      { size: 2, partitions: () => listPartitions(PARTS, (part) => part) },
      {
        reader: ({ partition }) => iterableReader([partition.value]),
        writer: () => recordingWriter<string>(),
      },
    ),
  }),
})

export const hourly = defineSchedule({
  name: 'hourly',
  job: greet,
  cron: '0 * * * *',
  timezone: 'UTC',
  parameters: ({ slot }) => ({ name: slot.toISOString() }),
})

export const held = defineSchedule({
  name: 'held',
  job: wait,
  cron: '0 * * * *',
  timezone: 'UTC',
  parameters: ({ slot }) => ({ name: `slot ${slot.toISOString()}` }),
})

interface Gate {
  readonly passed: (signal: AbortSignal) => Promise<void>
  readonly open: () => void
}

const gates = new Map<string, Gate>()

export function gateOf(name: string): Gate {
  const known = gates.get(name)
  if (known !== undefined) return known
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  const passed = (signal: AbortSignal): Promise<void> =>
    Promise.race([
      opened,
      new Promise<never>((_, reject) => {
        const stop = (): void => reject(signal.reason as Error)
        if (signal.aborted) stop()
        else signal.addEventListener('abort', stop, { once: true })
      }),
    ])
  const gate = { passed, open }
  gates.set(name, gate)
  return gate
}
