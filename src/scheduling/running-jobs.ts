/** The runs that a scheduler has started in this process, until they have ended. */
import type { StartedJob } from '../core/operator/started-job.ts'
import type { Logger } from '../core/ports/logger.ts'

export interface RunningJobs {
  readonly size: () => number
  /** Keeps it until it has ended; `ended` is told how, unless that could not be recorded. */
  readonly add: (started: StartedJob, ended?: (status: string) => void | Promise<void>) => void
  readonly stop: StartedJob['stop']
  readonly abort: StartedJob['abort']
  /** Resolves when none is left. */
  readonly allEnded: () => Promise<void>
}

export function runningJobs(logger: Logger): RunningJobs {
  const running = new Map<StartedJob, Promise<void>>()
  const watch = async (started: StartedJob, ended: (status: string) => void | Promise<void>) => {
    const { id, jobInstance } = started.execution
    const fields = { job: jobInstance.jobName, execution: id }
    try {
      const { execution, error } = await started.ended
      if (execution.status === 'FAILED') logger.error({ err: error, ...fields }, `execution ${id} failed`)
      await ended(execution.status)
    } catch (error) {
      logger.error({ err: error, ...fields }, `the end of execution ${id} could not be recorded`)
    } finally {
      running.delete(started)
    }
  }
  return {
    size: () => running.size,
    add: (started, ended = () => {}) => void running.set(started, watch(started, ended)),
    stop: (reason, grace) => running.forEach((_, started) => started.stop(reason, grace)),
    abort: (reason) => running.forEach((_, started) => started.abort(reason)),
    allEnded: async () => {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}
