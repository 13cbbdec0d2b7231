/** What an instance has done of each step, this execution included. */
import { addCounts, NO_COUNTS, type StepExecution } from '../model/step-execution.ts'
import type { PreviousStep } from '../ports/launch.ts'

export interface StepHistory {
  /** The step's latest execution in the instance, with what all of them have counted. */
  readonly latest: (stepName: string) => PreviousStep | undefined
  /** Takes up a step execution that has ended here. */
  readonly add: (ended: StepExecution) => void
  /** Replaces one that was changed after its end. */
  readonly change: (changed: StepExecution) => void
  /** The executions that were added, in the order in which they were begun. */
  readonly added: () => readonly StepExecution[]
}

export function createStepHistory(previous: ReadonlyMap<string, PreviousStep>): StepHistory {
  const latest = new Map(previous)
  const added = new Map<string, StepExecution>()
  return {
    latest: (stepName) => latest.get(stepName),
    add: (last) => {
      const before = latest.get(last.stepName)
      added.set(last.id, last)
      latest.set(last.stepName, {
        last,
        ours: true,
        ...(before?.withSpring && { withSpring: true }),
        startCount: (before?.startCount ?? 0) + 1,
        counts: last.status === 'COMPLETED' ? NO_COUNTS : addCounts(before?.counts ?? NO_COUNTS, last),
      })
    },
    change: (changed) => {
      if (added.has(changed.id)) added.set(changed.id, changed)
      const known = latest.get(changed.stepName)
      if (known?.last.id === changed.id) latest.set(changed.stepName, { ...known, last: changed })
    },
    added: () => [...added.values()].toSorted((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1)),
  }
}
