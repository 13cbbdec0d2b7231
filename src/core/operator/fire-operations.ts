/** Launches for the slots of schedules: with a row in the fire ledger, in one transaction. */
import type { JobDefinition } from '../definition/define-job.ts'
import { type ParsedParameters, parseParameters } from '../definition/parse-parameters.ts'
import { BatchError, isBatchError } from '../model/batch-error.ts'
import type { JobExecutionSummary } from '../model/job-execution.ts'
import type { FireOutcome, ScheduleFire } from '../model/schedule-fire.ts'
import type { FireAnswer, FireGround, FireVerdict, LiveExecution } from '../ports/schedule-store.ts'
import { prepareLaunch } from './launch-request.ts'
import type { OperatorParts } from './operator-parts.ts'
import { deathOf } from './owner-death.ts'
import { restartParameters } from './restart-parameters.ts'
import { runLaunched, type StartedJob, type StartOptions } from './started-job.ts'

export interface FireOperations {
  /**
   * Launches the job for a slot, unless its row in the ledger is there, or the decision or the launch is against it, which the row
   * then says. Of many processes that fire one slot one launches. Parameters that cannot be made are a refusal too.
   * @throws BatchError REPOSITORY_UNAVAILABLE
   */
  readonly fire: (job: JobDefinition, order: FireOrder, options?: StartOptions) => Promise<Fired>
}

export interface FireOrder {
  readonly schedule: string
  readonly slot: Date
  /** Called before the transaction. */
  readonly parameters: () => Readonly<Record<string, unknown>>
  /** The slot was fired, and this execution of it is to be gone on from, with the parameters that were recorded; or nothing is done. */
  readonly continues?: JobExecutionSummary
  /** The slot is fired as part of a backfill, of which at most so many runs may be under way. @default as its row says */
  readonly maxActive?: number
  /** Rows with these outcomes are taken over. @default none */
  readonly replaces?: readonly FireOutcome[]
  /** Pure, and quick: it runs inside the transaction. */
  readonly decide: (ground: JudgedGround) => FireVerdict
}

export interface JudgedGround extends Omit<FireGround, 'live'> {
  readonly live: readonly JudgedExecution[]
}

export interface JudgedExecution extends LiveExecution {
  /** Why nobody runs it any more; undefined while somebody does, or where only Spring Batch could tell. */
  readonly death: string | undefined
}

export type Fired =
  | { readonly outcome: 'FIRED'; readonly started: StartedJob }
  | { readonly outcome: Exclude<FireOutcome, 'FIRED'>; readonly detail: string; readonly error?: Error }
  | { readonly outcome: 'taken'; readonly fire: ScheduleFire }
  | { readonly outcome: 'left'; readonly reason: string; readonly error?: Error }

export function fireOperations(parts: OperatorParts): FireOperations {
  return {
    fire: async (job, given, options = {}) => {
      const { continues } = given
      const order: FireOrder = continues === undefined ? given : { ...given, replaces: ['FIRED'] }
      const by = options.by ?? `schedule ${order.schedule} ${order.slot.toISOString()}`
      const launching: FireOptions = {
        ...options,
        ...(options.by !== undefined && { firedBy: options.by }),
        by,
        trigger: { type: 'schedule', name: order.schedule },
        ...(continues !== undefined && { continues: continues.id }),
      }
      const parsed = await parametersOf(job, order)
      if (isBatchError(parsed)) return refuse(parts, job, order, parsed, launching)
      try {
        return await fire(parts, job, order, parsed, launching)
      } catch (error) {
        // Spring does not lock the instance, so that it may come in between at the last moment.
        if (!isBatchError(error, 'JOB_EXECUTION_ALREADY_RUNNING')) throw error
        return refuse(parts, job, order, error, launching)
      }
    },
  }
}

/** For the ledger: who has asked for it; left out where the clock has, and then it is the process. */
interface FireOptions extends StartOptions {
  readonly firedBy?: string
}

async function parametersOf(job: JobDefinition, order: FireOrder): Promise<ParsedParameters | BatchError> {
  try {
    if (order.continues !== undefined) return await restartParameters(job, order.continues, {})
    return await parseParameters(job.name, job.parameters, order.parameters())
  } catch (error) {
    if (isBatchError(error)) return error
    const { schedule, slot } = order
    return new BatchError(
      'INVALID_JOB_PARAMETERS',
      `the parameters of schedule ${schedule} for ${slot.toISOString()} could not be made: ${String(error)}`,
      { details: { schedule, slot }, cause: error },
    )
  }
}

/** The decision comes before the launch, so that there is none. */
async function refuse(
  parts: OperatorParts,
  job: JobDefinition,
  order: FireOrder,
  error: BatchError,
  options: FireOptions,
): Promise<Fired> {
  const detail = `${error.code}: ${error.message}`
  const verdict: FireVerdict = order.replaces?.includes('FIRED')
    ? { action: 'leave', reason: detail }
    : { action: 'record', outcome: 'REFUSED', detail }
  const nothing = { values: {}, recorded: [] }
  const fired = await fire(parts, job, { ...order, decide: () => verdict }, nothing, options)
  return fired.outcome === 'REFUSED' || fired.outcome === 'left' ? { ...fired, error } : fired
}

async function fire(
  parts: OperatorParts,
  job: JobDefinition,
  { schedule, slot, replaces = [], maxActive, decide }: FireOrder,
  parsed: ParsedParameters,
  { firedBy = parts.by, ...options }: FireOptions,
): Promise<Fired> {
  const { request, warn } = prepareLaunch(parts, job, parsed, options)
  const answer: FireAnswer = await parts.repository.schedules.fire({
    schedule,
    slot,
    by: firedBy,
    replaces,
    ...(maxActive !== undefined && { maxActive }),
    decide: (ground) => decide({ ...ground, live: ground.live.map((one) => judged(parts, one)) }),
    launch: request,
  })
  if (answer.outcome !== 'FIRED') return answer
  warn(answer.launched.execution.id)
  return { outcome: 'FIRED', started: runLaunched(parts, job, parsed, answer.launched, options) }
}

function judged({ processState }: OperatorParts, one: LiveExecution): JudgedExecution {
  return { ...one, death: one.owner === null ? undefined : deathOf(processState, one.owner) }
}
