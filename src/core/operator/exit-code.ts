/** The number that the process ends with: the one thing that every scheduler understands. */
import type { JobDefinition } from '../definition/define-job.ts'
import type { RunOutcome } from '../engine/run-outcome.ts'
import { BATCH_ERRORS, isBatchError } from '../model/batch-error.ts'
import type { JobExecution } from '../model/job-execution.ts'

export interface ExitCodeMeaning {
  readonly code: string
  readonly meaning: string
  readonly retry: string
}

/** `batchwright help exit-codes`. The numbers are a promise and never change. */
export const EXIT_CODES: readonly ExitCodeMeaning[] = [
  { code: '0', meaning: 'COMPLETED, or the command did its work', retry: '' },
  {
    code: '1',
    meaning: 'FAILED: the job ran and failed',
    retry: 'yes: resumes after the last committed chunk',
  },
  {
    code: '2',
    meaning: "the caller's mistake: usage, unknown job or id, invalid parameters, bad config",
    retry: 'no',
  },
  {
    code: '3',
    meaning: 'STOPPED at the end of a chunk, by request or first signal, or when the grace was over',
    retry: 'yes: resumes',
  },
  { code: '4', meaning: 'already COMPLETE: nothing ran (0 with --on-existing return)', retry: 'no' },
  {
    code: '5',
    meaning: 'already running, or a schedule that is triggered meets a run of its job',
    retry: 'later',
  },
  {
    code: '6',
    meaning:
      'its state forbids it: abandoned, not restartable, not running, still running, start limit reached, definition or input changed',
    retry: 'no',
  },
  {
    code: '7',
    meaning:
      'database unreachable, or its schema is missing or old; a server does not answer, ends, or has no free place; a port is taken',
    retry: 'yes',
  },
  {
    code: '8',
    meaning: '--wait ran out, or watch or launch was interrupted; the job goes on',
    retry: 'ask again',
  },
  {
    code: '10-79',
    meaning: "the job's own, as describe shows them: exitCodes: { 'COMPLETED WITH SKIPS': 10 }",
    retry: 'as you say',
  },
  { code: '130, 143', meaning: 'second SIGINT, second SIGTERM or SIGHUP: given up', retry: 'yes: resumes' },
]

export const STOPPED = 3
const ABANDONED = 6
export const WAIT_RAN_OUT = 8

/** Of something that was refused or went wrong outside of a run. */
export function exitCodeOfError(error: unknown): number {
  return isBatchError(error) ? BATCH_ERRORS[error.code].exitCode : 1
}

/**
 * Of an execution that somebody else has run: as the run itself ends, but for a step that was refused, which the record does
 * not tell from any other failure. A code of the job's own only where the job is known.
 */
export function exitCodeOfRecord(job: JobDefinition | undefined, execution: JobExecution): number {
  return job?.exitCodes[execution.exitStatus.exitCode] ?? exitCodeOfStatus(execution)
}

/** A code of the job's own comes first. An execution that failed because a step may not be run at all ends with 6. */
export function exitCodeOfOutcome(job: JobDefinition, { execution, error }: RunOutcome): number {
  const own = job.exitCodes[execution.exitStatus.exitCode]
  if (own !== undefined) return own
  const refused = isBatchError(error) && BATCH_ERRORS[error.code].exitCode === 6
  return execution.status === 'FAILED' && refused ? 6 : exitCodeOfStatus(execution)
}

function exitCodeOfStatus({ status }: JobExecution): number {
  if (status === 'COMPLETED') return 0
  if (status === 'ABANDONED') return ABANDONED
  return status === 'STOPPED' ? STOPPED : 1
}
