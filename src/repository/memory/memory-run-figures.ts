/** What happened in each hour, and what a run of a job is like, of the executions in memory. */
import type { StepExecution } from '../../core/model/step-execution.ts'
import {
  type HourFigures,
  type HourlyRequest,
  type TypicalRun,
  TYPICAL_INSTANCES,
} from '../../core/ports/job-figures.ts'
import { percentile } from './memory-figures.ts'
import type { MemoryState, StoredExecution } from './memory-state.ts'

const HOUR = 3_600_000

export function hourlyFigures(state: MemoryState, { since, until }: HourlyRequest): readonly HourFigures[] {
  const hours = new Map<number, { started: number; completed: number; failed: number; stopped: number }>()
  const count = (at: Date | null, what: 'started' | 'completed' | 'failed' | 'stopped'): void => {
    if (at === null || at < since || (until !== undefined && at >= until)) return
    const hour = Math.floor(at.getTime() / HOUR) * HOUR
    const found = hours.get(hour) ?? { started: 0, completed: 0, failed: 0, stopped: 0 }
    found[what] += 1
    hours.set(hour, found)
  }
  for (const { execution } of state.executions.values()) {
    const { startTime, endTime, status } = execution
    count(startTime, 'started')
    if (status === 'COMPLETED') count(endTime, 'completed')
    if (status === 'FAILED') count(endTime, 'failed')
    if (status === 'STOPPED') count(endTime, 'stopped')
  }
  return [...hours]
    .toSorted(([one], [other]) => one - other)
    .map(([hour, counts]) => ({ hour: new Date(hour), ...counts }))
}

export function typicalRun(state: MemoryState, jobName: string, executions: number): TypicalRun {
  const own = state.instances.filter((one) => one.jobName === jobName)
  const newest = new Set(own.slice(-TYPICAL_INSTANCES).map(({ id }) => id))
  const last = [...state.executions.values()]
    .filter(({ execution: { jobInstance } }) => newest.has(jobInstance.id))
    .filter((one, _, all) => all.find((other) => isOfSame(one, other)) === one)
    .filter(({ execution }) => execution.status === 'COMPLETED' && spanOf(execution) !== undefined)
    .toSorted((one, other) => instanceOf(other) - instanceOf(one))
    .slice(0, executions)
  const steps = last
    .flatMap((one) => one.steps)
    .filter(
      (step) => step.partition === undefined && step.status === 'COMPLETED' && spanOf(step) !== undefined,
    )
    .toSorted((one, other) => Number(one.id) - Number(other.id))
  const names = [...new Set(steps.map(({ stepName }) => stepName))]
  return {
    executions: last.length,
    medianMilliseconds:
      last.length === 0 ? null : median(last.map(({ execution }) => spanOf(execution) ?? 0)),
    steps: names.map((stepName) => typicalStep(stepName, steps)),
  }
}

function typicalStep(stepName: string, steps: readonly StepExecution[]) {
  const own = steps.filter((step) => step.stepName === stepName)
  return {
    stepName,
    executions: own.length,
    medianMilliseconds: median(own.map((step) => spanOf(step) ?? 0)),
    medianReadCount: median(own.map(({ readCount }) => readCount)),
    medianWriteCount: median(own.map(({ writeCount }) => writeCount)),
  }
}

function isOfSame(one: StoredExecution, other: StoredExecution): boolean {
  return instanceOf(one) === instanceOf(other)
}

function instanceOf({ execution }: StoredExecution): number {
  return Number(execution.jobInstance.id)
}

function spanOf({
  startTime,
  endTime,
}: {
  readonly startTime: Date | null
  readonly endTime: Date | null
}): number | undefined {
  return startTime === null || endTime === null ? undefined : endTime.getTime() - startTime.getTime()
}

function median(values: readonly number[]): number {
  return percentile(
    values.toSorted((one, other) => one - other),
    0.5,
  )
}
