/** Makes observations of what the observer of one run is told. */
import type { JobExecution } from '../core/model/job-execution.ts'
import {
  NO_COUNTS,
  type StepCounts,
  type StepExecution,
  subtractCounts,
} from '../core/model/step-execution.ts'
import type { RunObserver } from '../core/ports/run-observer.ts'
import type { Observation, Tell } from './observation.ts'

interface KnownStep {
  readonly since: number
  counts: StepCounts
}

/**
 * For one run: make another for the next. Durations are measured here, by a clock that never jumps: the times in the repository are
 * those of two machines.
 */
export function runObservations(tell: Tell, monotonic: () => number = () => performance.now()): RunObserver {
  const steps = new Map<string, KnownStep>()
  let job = ''
  let since: number | undefined
  const secondsSince = (then: number): number => (monotonic() - then) / 1000
  const begin = ({ jobInstance }: JobExecution): number => {
    job = jobInstance.jobName
    tell({ type: 'job-started', job })
    return (since = monotonic())
  }
  const known = ({ id }: StepExecution): KnownStep => {
    const found = steps.get(id) ?? { since: monotonic(), counts: NO_COUNTS }
    steps.set(id, found)
    return found
  }
  const countsOf = (execution: StepExecution): StepCounts => {
    const step = known(execution)
    const { counts: before } = step
    step.counts = countsAlone(execution)
    return subtractCounts(step.counts, before)
  }
  const tellCounts = (execution: StepExecution): void => {
    const counts = countsOf(execution)
    if (Object.values(counts).some((count) => count !== 0))
      tell({ type: 'step-progressed', job, step: execution.stepName, counts })
  }
  return {
    jobStarted: begin,
    stepStarted: known,
    stepProgressed: tellCounts,
    chunkCommitted: ({ stepName: step }, { milliseconds }) =>
      tell({ type: 'chunk-committed', job, step, seconds: milliseconds / 1000 }),
    stepEnded: (execution) =>
      tell(stepEnded(execution, job, secondsSince(known(execution).since), countsOf(execution))),
    jobEnded: (execution) => {
      const began = since ?? begin(execution) // one that fails before it begins was never told of
      tell({ type: 'job-ended', job, status: execution.status, seconds: secondsSince(began) })
    },
    jobLost: () => {
      if (since !== undefined) tell({ type: 'job-lost', job })
    },
  }
}

function stepEnded(
  { stepName, status }: StepExecution,
  job: string,
  seconds: number,
  counts: StepCounts,
): Observation {
  return { type: 'step-ended', job, step: stepName, status, seconds, counts }
}

/** Without the rest of the execution, which may be large. */
function countsAlone(execution: StepExecution): StepCounts {
  const { readCount, writeCount, filterCount, commitCount, rollbackCount, ...rest } = execution
  const { readSkipCount, processSkipCount, writeSkipCount } = rest
  const skips = { readSkipCount, processSkipCount, writeSkipCount }
  return { readCount, writeCount, filterCount, ...skips, commitCount, rollbackCount }
}
