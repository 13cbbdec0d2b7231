/** What a step's runner works with: one step execution, its scope, its session and its ledger. */
import type { StepScope } from '../definition/callback-scope.ts'
import type { ExecutionContext } from '../model/execution-context.ts'
import {
  addCounts,
  NO_COUNTS,
  type StepCounts,
  type StepExecution,
  type StepReconciliation,
} from '../model/step-execution.ts'
import type { Clock } from '../ports/clock.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { StepSession } from '../ports/step-session.ts'
import type { RunObserver } from '../ports/run-observer.ts'
import type { Span } from '../ports/tracing.ts'
import type { SampleRhythm } from './sample-rhythm.ts'
import type { RunControl } from './run-control.ts'

export interface StepRun {
  /** As it is recorded. */
  readonly stepName: string
  /** Set where it works on a partition of a step. */
  readonly partition?: { readonly stepName: string; readonly name: string }
  readonly scope: StepScope<unknown>
  readonly session: StepSession
  /** Whether changes since the execution that is continued are no reason to refuse. */
  readonly acceptChanges: boolean
  /** Whether this one is, as the job or the operator has said. */
  readonly acceptsChange: (change: string) => boolean
  readonly control: RunControl
  readonly clock: Clock
  /** Whether a transaction of the repository has this resource. */
  readonly transactionHas: JobRepository['transactionHas']
  readonly observer: RunObserver
  /** Undefined where nobody traces. */
  readonly span?: Span
  readonly ledger: StepLedger
  readonly samples: SampleRhythm
  /** The job's context when the step began; what the step makes of it is merged at its end. */
  readonly jobContextFrom: ExecutionContext
  /** Aborts the scope's signal, and nothing else: the step is to end now, whatever its callbacks wait for. */
  readonly giveUp: (reason: unknown) => void
  /** Of this step over all earlier executions of the instance. */
  readonly earlierCounts: StepCounts
  /** Whether those add up with what this execution counts: Spring's may not. */
  readonly reconcilesEarlier: boolean
}

/** What is committed of a step execution: its counts, and the contexts that its commits left. */
export interface StepLedger {
  readonly counts: () => StepCounts
  /** The step's, with the checkpoints. */
  readonly context: () => ExecutionContext
  readonly jobContext: () => ExecutionContext
  /** After a commit. */
  readonly committed: (contribution: Partial<StepCounts>, contexts: Contexts) => void
  readonly rolledBack: () => void
  /** What is to be recorded with the step's end. */
  readonly reconciled: (result: StepReconciliation) => void
  readonly reconciliation: () => StepReconciliation | undefined
}

export interface Contexts {
  readonly step: ExecutionContext
  readonly job: ExecutionContext
}

export function createStepLedger(from: Contexts): StepLedger {
  let counts = NO_COUNTS
  let contexts = from
  let reconciliation: StepReconciliation | undefined
  return {
    counts: () => counts,
    context: () => contexts.step,
    jobContext: () => contexts.job,
    committed: (contribution, next) => {
      counts = addCounts(counts, contribution)
      contexts = next
    },
    rolledBack: () => {
      counts = addCounts(counts, { rollbackCount: 1 })
    },
    reconciled: (result) => {
      reconciliation = result
    },
    reconciliation: () => reconciliation,
  }
}

export type StepOutcome = 'completed' | 'stopped'

/** The step execution as far as it is committed, for observers and listeners. */
export function committedExecution({ stepExecution }: StepSession, ledger: StepLedger): StepExecution {
  return {
    ...stepExecution,
    ...ledger.counts(),
    executionContext: { kind: 'readable', values: ledger.context() },
  }
}
