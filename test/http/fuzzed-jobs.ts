/** The project whose server `fuzz.servers.test.ts` asks: jobs with parameters of each type, and with every kind of outcome. */
import { setTimeout as sleep } from 'node:timers/promises'
import { defineJob, listPartitions, nonIdentifying } from 'batchwright'
import { iterableReader } from 'batchwright/readers/iterable'
import { defineSchedule } from 'batchwright/scheduling'
import { recordingWriter } from 'batchwright/testing'
import { z } from 'zod'

export const quick = defineJob({
  name: 'quick',
  description: 'Completes at once',
  parameters: z.object({
    businessDate: z.iso.date(),
    count: z.int().min(0).max(100).default(1),
    rate: z.number().optional(),
    isFinal: z.boolean().optional(),
    at: z.iso.datetime().optional(),
    region: z.enum(['EU', 'US']).default('EU'),
    note: nonIdentifying(z.string().max(20)).optional(),
  }),
  steps: (step) => ({ close: step.tasklet(() => {}) }),
})

export const failing = defineJob({
  name: 'failing',
  parameters: z.object({ name: z.string().default('one') }),
  steps: (step) => ({
    fail: step.tasklet(() => {
      throw new TypeError('cannot be done')
    }),
  }),
})

/** Long enough to be stopped. */
export const slow = defineJob({
  name: 'slow',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    wait: step.tasklet(({ signal }) => sleep(3000, undefined, { signal })),
  }),
})

export const once = defineJob({
  name: 'once only',
  parameters: z.object({}),
  restartable: false,
  steps: (step) => ({
    fail: step.tasklet(() => {
      throw new Error('no')
    }),
  }),
})

/** Leaves something in the quarantine. */
export const skipping = defineJob({
  name: 'skipping',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    load: step.chunk(
      { size: 2, skip: { limit: 10, on: [RangeError] } },
      {
        reader: () => iterableReader([1, 2, 3]),
        processor: (item, { redrive }) => {
          if (item === 2 && redrive === undefined) throw new RangeError('two is too many')
          return item
        },
        writer: () => recordingWriter<number>(),
      },
    ),
  }),
})

export const parted = defineJob({
  name: 'parted',
  parameters: z.object({ name: z.string() }),
  steps: (step) => ({
    load: step.partitioned(
      { size: 2, partitions: () => listPartitions(['a', 'b', 'c'], (part) => part) },
      {
        reader: ({ partition }) => iterableReader([partition.value]),
        writer: () => recordingWriter<string>(),
      },
    ),
  }),
})

/** Due when nobody fuzzes. */
export const yearly = defineSchedule({
  name: 'yearly',
  job: quick,
  cron: '0 0 1 1 *',
  timezone: 'UTC',
  parameters: ({ localDate }) => ({ businessDate: localDate(0) }),
})
