/** A job operator whose launches and runs are told as observations. */
import { isBatchError } from '../core/model/batch-error.ts'
import type { TriggerType } from '../core/model/launch-facts.ts'
import type { FireOperations } from '../core/operator/fire-operations.ts'
import type { JobOperator, StartedJob, StartOptions } from '../core/operator/job-operator.ts'
import type { LaunchAnswer, LaunchOperations } from '../core/operator/launch-order.ts'
import type { RunObserver } from '../core/ports/run-observer.ts'
import type { Tell } from './observation.ts'
import { joinObservers } from './join-observers.ts'
import { runObservations } from './run-observations.ts'

/**
 * Does what the other does. A launch is told once its answer is known; one of a job that there is not is not told, since its name
 * would be a label that anybody makes up.
 */
export function observedOperator(operator: JobOperator, tell: Tell): JobOperator {
  const launching = async <S extends StartedJob>(
    jobName: JobName,
    options: StartOptions = {},
    launch: (observed: StartOptions) => Promise<S>,
  ): Promise<S> => {
    const told = (job: string, result: string) =>
      tell({ type: 'launched', job, trigger: triggerOf(options), result })
    try {
      const started = await launch(observed(options, tell))
      told(started.execution.jobInstance.jobName, started.restartOf === null ? 'started' : 'restarted')
      return started
    } catch (error) {
      const job = await nameOf(operator, jobName)
      if (job !== undefined) told(job, refusalOf(error))
      throw error
    }
  }
  return {
    ...operator,
    start: (job, parameters, options) =>
      launching(job, options, (observing) => operator.start(job, parameters, observing)),
    startByName: (name, parameters, options) =>
      launching({ name }, options, (observing) => operator.startByName(name, parameters, observing)),
    startNext: (job, changes, options) =>
      launching(job, options, (observing) => operator.startNext(job, changes, observing)),
    startNextByName: (name, changes, options) =>
      launching({ name }, options, (observing) => operator.startNextByName(name, changes, observing)),
    restart: (jobExecutionId, options) =>
      launching({ jobExecutionId }, options, (observing) =>
        operator.restart(jobExecutionId, { ...options, ...observing }),
      ),
    redrive: (jobExecutionId, selection, options) =>
      launching({ jobExecutionId }, options, (observing) =>
        operator.redrive(jobExecutionId, selection, observing),
      ),
    launch: observedLaunch(operator, tell),
    fire: observedFire(operator, tell),
  }
}

function observedLaunch(operator: JobOperator, tell: Tell): LaunchOperations['launch'] {
  return async (order, options = {}) => {
    const { type: trigger } = order.trigger
    const told = (job: string, result: string) => tell({ type: 'launched', job, trigger, result })
    try {
      const answer = await operator.launch(order, observed(options, tell))
      told(order.jobName, resultOf(answer))
      return answer
    } catch (error) {
      const job = await nameOf(operator, { name: order.jobName })
      if (job !== undefined) told(job, refusalOf(error))
      throw error
    }
  }
}

function resultOf(answer: LaunchAnswer): string {
  if (answer.outcome !== 'started') return answer.outcome
  return answer.started.restartOf === null ? 'started' : 'restarted'
}

/** What the ledger says now; a slot that somebody else has taken is told by him. */
function observedFire(operator: JobOperator, tell: Tell): FireOperations['fire'] {
  return async (job, order, options = {}) => {
    const fired = await operator.fire(job, order, observed(options, tell))
    const { schedule } = order
    const launched = (result: string) =>
      tell({ type: 'launched', job: job.name, trigger: 'schedule', result })
    switch (fired.outcome) {
      case 'taken':
      case 'left':
        return fired
      case 'FIRED':
        launched(fired.started.restartOf === null ? 'started' : 'restarted')
        break
      case 'REFUSED':
        launched(refusalOf(fired.error))
        break
      case 'QUEUED':
      case 'SKIPPED':
      case 'MISSED':
      case 'PAUSED':
        break
      default:
        fired satisfies never
    }
    tell({ type: 'fired', schedule, outcome: fired.outcome })
    return fired
  }
}

function observed<O extends Pick<StartOptions, 'observer'>>(
  options: O,
  tell: Tell,
): O & { readonly observer: RunObserver } {
  const observations = runObservations(tell)
  const { observer } = options
  return {
    ...options,
    observer: observer === undefined ? observations : joinObservers(observer, observations),
  }
}

function triggerOf({ trigger }: StartOptions): TriggerType {
  return trigger?.type ?? 'program'
}

function refusalOf(error: unknown): string {
  return isBatchError(error) ? error.code.toLowerCase() : 'error'
}

type JobName = { readonly name: string } | { readonly jobExecutionId: string }

/** Only of jobs that there are. */
async function nameOf(operator: JobOperator, wanted: JobName): Promise<string | undefined> {
  try {
    if ('name' in wanted) return operator.findJob(wanted.name).name
    const { jobInstance } = await operator.findJobExecution(wanted.jobExecutionId)
    return operator.findJob(jobInstance.jobName).name
  } catch {
    return undefined
  }
}
