/** How a state of a flow, a branch, or a whole flow has ended. */
import { cutText, describeError } from '../../model/error-description.ts'
import {
  combineExitStatus,
  EXIT_DESCRIPTION_LIMIT,
  type ExitStatus,
  exitStatus,
} from '../../model/exit-status.ts'
import type { StepExecution } from '../../model/step-execution.ts'

export interface FlowOutcome {
  readonly status: 'COMPLETED' | 'STOPPED' | 'FAILED'
  readonly exitStatus: ExitStatus
  /** What made it fail, where it is known. */
  readonly error: unknown
  /** Failed step executions that no transition has dealt with yet. */
  readonly failures: readonly StepExecution[]
}

const SEVERITIES = ['COMPLETED', 'STOPPED', 'FAILED'] as const

/**
 * The worst status of all branches, and the exit status of those that have it: a code of its own from a branch that ended well
 * must not hide that another has failed. Each failing branch is named, and no error is lost.
 */
export function combineBranches(branches: readonly (readonly [string, FlowOutcome])[]): FlowOutcome {
  const worst = Math.max(...branches.map(([, { status }]) => SEVERITIES.indexOf(status)))
  const decisive = branches.filter(([, { status }]) => SEVERITIES.indexOf(status) === worst)
  const status = SEVERITIES[worst] ?? 'COMPLETED'
  const combined = decisive
    .map(([name, outcome]) => ofBranch(name, outcome, shareOf(decisive.length)))
    .reduce(combineExitStatus)
  const errors = decisive.flatMap(([name, { error }]) =>
    error === undefined ? [] : [[name, error] as const],
  )
  return {
    status,
    exitStatus: combined,
    error: errors.length > 1 ? branchesFailed(errors) : errors[0]?.[1],
    failures: branches.flatMap(([, { failures }]) => failures),
  }
}

/** Its message names the branches; what happened in each is said by `errors`, in the same order. */
function branchesFailed(errors: readonly (readonly [string, unknown])[]): AggregateError {
  const names = errors.map(([name]) => name).join(', ')
  return new AggregateError(
    errors.map(([, error]) => error),
    `${errors.length} branches have failed: ${names}`,
  )
}

/** So that each of so many branches has its place in one exit description. */
export function shareOf(branches: number): number {
  return Math.floor(EXIT_DESCRIPTION_LIMIT / branches) - GLUE
}

/** More than is written around a description, but for the names of the branches; those are cut off with the last stack. */
const GLUE = 60

function ofBranch(name: string, { status, exitStatus: own }: FlowOutcome, limit: number): ExitStatus {
  if (status === 'COMPLETED') return own
  const text = cutText(own.exitDescription || own.exitCode, limit)
  return exitStatus(own.exitCode, `branch ${name}: ${text}`)
}

export function failedOutcome(error: unknown): FlowOutcome {
  return {
    status: 'FAILED',
    exitStatus: exitStatus('FAILED', describeError(error)),
    error,
    failures: [],
  }
}
