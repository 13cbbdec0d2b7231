/** A tasklet: called until it is done, each turn in a transaction of its own. */
import { inspect } from 'node:util'
import type { TaskletScope } from '../../definition/callback-scope.ts'
import type { TaskletAnswer, TaskletStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { type ExecutionContext, TASKLET_DONE_KEY } from '../../model/execution-context.ts'
import { type ExitStatus, exitStatus } from '../../model/exit-status.ts'
import { addCounts, NO_COUNTS, type StepCounts } from '../../model/step-execution.ts'
import type { Transaction } from '../../ports/resource.ts'
import type { StepProgress } from '../../ports/step-session.ts'
import { heedStopRequest, isAbortion, stoppedExitStatus } from '../run-control.ts'
import { committedExecution, type StepOutcome, type StepRun } from '../step-run.ts'

export interface TaskletEnd {
  readonly outcome: StepOutcome
  readonly exitStatus: ExitStatus
}

/**
 * The last turn commits, with its work, that the tasklet is done: when the process dies before the step's end is recorded,
 * the restart finds that and does not call it again.
 *
 * A tasklet that has done its work is complete, even when a stop was asked for meanwhile. One that gives up because its
 * signal was aborted by a stop has stopped; what it threw for another reason is thrown.
 */
export async function runTasklet(run: StepRun, definition: TaskletStepDefinition): Promise<TaskletEnd> {
  const done = run.ledger.context()[TASKLET_DONE_KEY] as Record<keyof ExitStatus, string> | undefined
  if (done !== undefined) return { outcome: 'completed', exitStatus: done }
  for (;;) {
    run.control.abort.throwIfAborted()
    if (run.control.stop.aborted) return { outcome: 'stopped', exitStatus: stoppedExitStatus(run.control) }
    const answer = await takeTurn(run, definition)
    if (answer === STOPPED) return { outcome: 'stopped', exitStatus: stoppedExitStatus(run.control) }
    if (answer !== 'continue') return { outcome: 'completed', exitStatus: exitStatusOf(answer) }
  }
}

function exitStatusOf(answer: Exclude<TaskletAnswer, 'continue'>): ExitStatus {
  return typeof answer === 'object' ? answer.exitStatus : exitStatus('COMPLETED')
}

const STOPPED = Symbol('stopped')

async function takeTurn(
  run: StepRun,
  { tasklet }: TaskletStepDefinition,
): Promise<TaskletAnswer | typeof STOPPED> {
  const turn = createTurn(run)
  try {
    let answer: TaskletAnswer = undefined
    const { jobStatus } = await run.session.commit({
      pipelined: false,
      work: async (transaction) => {
        answer = checkedAnswer(run, await tasklet(turn.scope(transaction)))
        run.control.abort.throwIfAborted()
      },
      progress: () => progressOf(run, turn, answer),
    })
    run.ledger.committed(turn.contribution(), {
      step: contextAfter(run, answer),
      job: run.scope.jobContext.values(),
    })
    heedStopRequest(run.control, jobStatus)
    run.observer.stepProgressed?.(committedExecution(run.session, run.ledger), undefined)
    return answer
  } catch (error) {
    run.ledger.rolledBack()
    run.control.abort.throwIfAborted()
    if (run.control.stop.aborted && isAbortion(error, run.control.stop)) return STOPPED
    throw error
  }
}

function progressOf(run: StepRun, turn: Turn, answer: TaskletAnswer): StepProgress {
  const counts = addCounts(run.ledger.counts(), turn.contribution())
  const sample = run.samples.due()
  return { counts, executionContext: contextAfter(run, answer), ...(sample && { sample }) }
}

/** The compiler checks it; a tasklet in JavaScript may answer anything, and must not have committed by then. */
function checkedAnswer({ stepName }: StepRun, answer: unknown): TaskletAnswer {
  if (answer === undefined || answer === 'done' || answer === 'continue') return answer
  const own = (answer as { exitStatus?: Partial<ExitStatus> } | null)?.exitStatus
  if (typeof own?.exitCode === 'string')
    return { exitStatus: exitStatus(own.exitCode, own.exitDescription ?? '') }
  throw new BatchError(
    'INVALID_JOB_DEFINITION',
    `The tasklet of step ${stepName} must answer 'done', 'continue', nothing, or { exitStatus }; it answered ${inspect(answer, { depth: 0 })}.`,
    { details: { stepName } },
  )
}

function contextAfter(run: StepRun, answer: TaskletAnswer): ExecutionContext {
  const values = run.scope.stepContext.values()
  return answer === 'continue' ? values : { ...values, [TASKLET_DONE_KEY]: { ...exitStatusOf(answer) } }
}

interface Turn {
  readonly scope: (transaction: Transaction) => TaskletScope<unknown>
  readonly contribution: () => Partial<StepCounts>
}

function createTurn(run: StepRun): Turn {
  let counted: StepCounts = { ...NO_COUNTS, commitCount: 1 }
  return {
    scope: (transaction) => ({
      ...run.scope,
      transaction,
      signal: run.control.stop,
      count: (counts) => {
        counted = addCounts(counted, counts)
      },
    }),
    contribution: () => counted,
  }
}
