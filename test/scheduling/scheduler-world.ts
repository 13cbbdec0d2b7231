/** A scheduler with a clock that a test moves, a repository in memory, and a job that ends when the test lets it. */
import { setImmediate } from 'node:timers/promises'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import type { ScheduleFire } from '../../src/core/model/schedule-fire.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { type Batch, createBatch } from '../../src/create-batch.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { defineSchedule, type ScheduleDefinition } from '../../src/scheduling/define-schedule.ts'
import { createScheduler, type Scheduler } from '../../src/scheduling/scheduler.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE

/** Where the real clock, by which ticks come, is not for long. */
const NOW = '2032-06-15T00:30:00Z'
const EACH_HOUR = '0 * 15 6 *'

export interface World {
  readonly clock: FakeClock
  readonly repository: JobRepository
  readonly batch: Batch
  /** Whether runs go on until `release`. */
  readonly hold: () => void
  readonly release: () => void
  readonly schedule: (options?: Partial<ScheduleDefinition>) => ScheduleDefinition
  readonly start: (...schedules: readonly ScheduleDefinition[]) => Promise<Scheduler>
  /** `01:00 FIRED COMPLETED`, oldest first. */
  readonly ledger: () => Promise<readonly string[]>
  readonly fires: () => Promise<readonly ScheduleFire[]>
  /** The messages of the log, from warnings on. */
  readonly logged: readonly string[]
  /** Resolves when it holds. */
  readonly until: (holds: () => boolean | Promise<boolean>) => Promise<void>
}

export interface WorldOptions {
  readonly change?: (repository: JobRepository) => JobRepository
  /** Heartbeats come by the real clock, so that a lease runs out when the test moves on by so much. @default a day */
  readonly leaseMilliseconds?: number
}

export function schedulerWorld({ change, leaseMilliseconds = 24 * HOUR }: WorldOptions = {}): World {
  const clock = fakeClock({ now: NOW })
  const memory = memoryRepository({ clock })
  const repository = change?.(memory) ?? memory
  let gate = Promise.resolve()
  let release = () => {}
  const job = defineJob({
    name: 'hourly',
    parameters: z.object({ slot: z.iso.datetime() }),
    steps: (step) => ({
      work: step.tasklet(async ({ signal }) => {
        const stopped = new Promise<void>((resolve) =>
          signal.addEventListener('abort', () => resolve(), { once: true }),
        )
        await Promise.race([gate, stopped])
        signal.throwIfAborted()
      }),
    }),
  })
  const logged: string[] = []
  const write = (line: string) => void logged.push((JSON.parse(line) as { msg: string }).msg)
  const logger = pino({ level: 'warn' }, { write })
  const batch = createBatch({ repository, jobs: [job], logger, clock, leaseMilliseconds })
  const fires = () => repository.schedules.listFires({ order: 'oldest-first', limit: 1000 })
  return {
    clock,
    repository,
    batch,
    hold: () => {
      gate = new Promise((resolve) => {
        release = resolve
      })
    },
    release: () => release(),
    schedule: (options) => ({
      ...defineSchedule({
        name: 'hourly',
        job,
        cron: EACH_HOUR,
        timezone: 'UTC',
        parameters: ({ slot }) => ({ slot: slot.toISOString() }),
      }),
      ...options,
    }),
    start: (...schedules) =>
      createScheduler(batch, schedules, { clock, everyMilliseconds: 5000, by: 'a test' }),
    fires,
    logged,
    ledger: async () =>
      (await fires()).map(
        ({ slot, outcome, latest }) =>
          `${slot.toISOString().slice(11, 16)} ${outcome}${latest === null ? '' : ` ${latest.status}`}`,
      ),
    until: async (holds) => {
      for (let turns = 0; turns < 10_000; turns += 1) {
        if (await holds()) return
        await setImmediate()
      }
      throw new Error('what was waited for did not come')
    },
  }
}

/** The ledger when nothing runs any more. */
export async function idle({ until, ledger }: World): Promise<readonly string[]> {
  await until(async () => (await ledger()).every((line) => !/STARTING|STARTED|STOPPING/.test(line)))
  return ledger()
}
