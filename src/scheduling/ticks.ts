/** node-cron's part: it says when a slot has come. What is a slot, and what becomes of it, is said elsewhere. */
import { schedule as startTask } from 'node-cron'
import type { Logger } from '../core/ports/logger.ts'
import { TOLERANCE_MILLISECONDS } from './cover-slots.ts'
import type { PlannedSchedule } from './scheduler-parts.ts'

/**
 * Calls `onSlot` at each slot while this process is there and its event loop is not held up for long; what is passed over is found
 * by whoever covers the slots. Neither node-cron's overlap rule nor its coordination between processes is used: both know of less
 * than the ledger does.
 */
export function startTicks(
  schedules: readonly PlannedSchedule[],
  logger: Logger,
  onSlot: (schedule: PlannedSchedule, slot: Date) => void,
): Disposable {
  const tasks = schedules.map((planned) =>
    startTask(planned.cron, ({ date }) => onSlot(planned, date), {
      name: planned.name,
      timezone: planned.timezone,
      noOverlap: false,
      missedExecutionTolerance: TOLERANCE_MILLISECONDS,
      suppressMissedWarning: true,
      logger: cronLogger(planned, logger),
    }),
  )
  return {
    [Symbol.dispose]: () => {
      for (const task of tasks) void task.destroy()
    },
  }
}

function cronLogger({ name }: PlannedSchedule, logger: Logger) {
  const facts = { schedule: name }
  const text = (message: string | Error) => `node-cron: ${String(message)}`
  return {
    info: (message: string) => logger.debug(facts, text(message)),
    debug: (message: string | Error) => logger.debug(facts, text(message)),
    warn: (message: string) => logger.warn(facts, text(message)),
    error: (message: string | Error, error?: Error) => logger.error({ ...facts, err: error }, text(message)),
  }
}
