/** The runs that a scheduler has started in this process, until they have ended. */
import type { StartedJob } from '../core/operator/started-job.ts'
import type { Logger } from '../core/ports/logger.ts'
import type { ScheduleDefinition } from './define-schedule.ts'

export interface RunningJobs {
  readonly size: () => number
  /** Keeps it until it has ended. */
  readonly add: (started: StartedJob, onRecovered: ScheduleDefinition['onRecovered']) => void
  /**
   * Stops those that are running: to be continued by another scheduler, or for good, as their schedules say. Asking again stops
   * those that were added since.
   */
  readonly end: StartedJob['stop']
  readonly abort: StartedJob['abort']
  /** Resolves when none is left. */
  readonly allEnded: () => Promise<void>
}

interface Run {
  readonly onRecovered: ScheduleDefinition['onRecovered']
  readonly ended: Promise<void>
}

export function runningJobs(logger: Logger): RunningJobs {
  const running = new Map<StartedJob, Run>()
  const ending = new WeakSet<StartedJob>()
  const watch = async (started: StartedJob) => {
    const { id, jobInstance } = started.execution
    const fields = { job: jobInstance.jobName, execution: id }
    try {
      const { execution, error } = await started.ended
      if (execution.status === 'FAILED') logger.error({ err: error, ...fields }, `execution ${id} failed`)
    } catch (error) {
      logger.error({ err: error, ...fields }, `the end of execution ${id} could not be recorded`)
    } finally {
      running.delete(started)
    }
  }
  return {
    size: () => running.size,
    add: (started, onRecovered) => void running.set(started, { onRecovered, ended: watch(started) }),
    end: (reason, grace) => {
      for (const [started, { onRecovered }] of running) {
        if (ending.has(started)) continue
        ending.add(started)
        if (onRecovered === 'restart') void started.interrupt(reason, grace)
        else started.stop(reason, grace)
      }
    },
    abort: (reason) => running.forEach((_, started) => started.abort(reason)),
    allEnded: async () => {
      while (running.size > 0) await Promise.all([...running.values()].map(({ ended }) => ended))
    },
  }
}
