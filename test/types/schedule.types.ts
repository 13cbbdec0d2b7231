/** What the compiler knows of schedules. Compiled with the tests; nothing here is run. */
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { defineSchedule, type ScheduleDefinition } from '../../src/scheduling/define-schedule.ts'

const job = defineJob({
  name: 'end-of-day',
  parameters: z.object({ businessDate: z.iso.date(), rounds: z.int().default(1) }),
  steps: (step) => ({ close: step.tasklet(() => {}) }),
})

const nightly = { name: 'nightly', job, cron: '30 2 * * *', timezone: 'UTC' } as const

/** What has a default may be left out. */
export const schedule: ScheduleDefinition = defineSchedule({
  ...nightly,
  parameters: ({ slot, localDate }) => ({ businessDate: localDate(-1), rounds: slot.getUTCDate() }),
  overlap: 'stop-previous',
  misfire: { rule: 'catch-up', window: '2d', limit: 3 },
  jitter: '5m',
  onRecovered: 'leave',
})
export const shortest: ScheduleDefinition = defineSchedule({
  ...nightly,
  parameters: ({ localDate }) => ({ businessDate: localDate() }),
})

// @ts-expect-error businessDate is missing
defineSchedule({ ...nightly, parameters: () => ({ rounds: 1 }) })
// @ts-expect-error it is a text
defineSchedule({ ...nightly, parameters: ({ slot }) => ({ businessDate: slot }) })
// @ts-expect-error parameters are not left out
defineSchedule({ ...nightly })
defineSchedule({
  ...nightly,
  parameters: () => ({ businessDate: '2026-01-31' }),
  // @ts-expect-error no such rule
  overlap: 'wait',
})
defineSchedule({
  ...nightly,
  parameters: () => ({ businessDate: '2026-01-31' }),
  // @ts-expect-error how far back it goes must be said
  misfire: { rule: 'catch-up' },
})
defineSchedule({
  ...nightly,
  parameters: () => ({ businessDate: '2026-01-31' }),
  // @ts-expect-error a number of what?
  jitter: 5,
})
