/** Whether a slot is launched, by the executions of its job that are live. Pure: it runs inside the launch transaction. */
import type { JudgedExecution, JudgedGround } from '../core/operator/fire-operations.ts'
import type { FireVerdict } from '../core/ports/schedule-store.ts'
import type { ScheduleDefinition } from './define-schedule.ts'
import { misfireLimit } from './misfire-decision.ts'

/**
 * `due`: its time has come. `queued`: it waits in the ledger; `backfill`: the same, as part of one. `asked`: a person wants it now
 * and answers for a pause; it waits outside the ledger.
 */
export type Occasion = 'due' | 'queued' | 'backfill' | 'asked'

type Rules = Pick<ScheduleDefinition, 'overlap' | 'misfire' | 'onRecovered' | 'pauseOnFailure'>

/**
 * | | due | queued | asked |
 * |---|---|---|---|
 * | paused | PAUSED | left | as if not |
 * | the run before has failed, `pauseOnFailure` | PAUSED, and the schedule too | stays, and the schedule is paused | as if not |
 * | the job is free, or overlaps are allowed | launched | launched | launched |
 * | slots that are caught up on wait before it | QUEUED behind them, or SKIPPED where as many wait as the misfire rule lets | | |
 * | busy, `skip` | SKIPPED | left | left |
 * | busy, `queue-one` | QUEUED, or SKIPPED where one waits; with catch-up, as many as its limit | left | left |
 * | busy, `stop-previous` | QUEUED in the place of one that waits | left | left |
 *
 * A slot of a backfill is launched while fewer executions than its backfill allows are live, and left else: of the job, or, where
 * overlaps are allowed, of backfills.
 */
export function decideOverlap(rules: Rules, occasion: Occasion, ground: JudgedGround): FireVerdict {
  const { state, queued } = ground
  const pause = occasion === 'asked' ? null : (state?.pause ?? null)
  if (pause !== null) {
    const detail = pauseText(pause)
    return occasion === 'due'
      ? { action: 'record', outcome: 'PAUSED', detail }
      : { action: 'leave', reason: detail }
  }
  const failure = occasion === 'asked' ? undefined : failureBefore(rules, ground)
  if (failure !== undefined) {
    const outcome = occasion === 'due' ? 'PAUSED' : 'QUEUED'
    return { action: 'record', outcome, detail: `paused: ${failure}`, pauses: failure }
  }
  if (ground.maxActive !== null) return decideBackfill(rules, ground, ground.maxActive)
  if (rules.overlap === 'allow') return { action: 'launch' }
  const [first] = ground.live.filter((one) => isInTheWay(rules, one))
  if (occasion !== 'due')
    return first === undefined ? { action: 'launch' } : { action: 'leave', reason: busyText(first) }
  const limit = queueLimit(rules)
  if (first === undefined && (queued.length === 0 || limit === 0)) return { action: 'launch' }
  const why = first === undefined ? `${queued.length} slots wait before it` : busyText(first)
  if (rules.overlap === 'stop-previous')
    return { action: 'record', outcome: 'QUEUED', detail: `${why}; it is asked to stop`, supersedes: true }
  const mayWait = queued.length < limit && (rules.overlap === 'queue-one' || queued.length > 0)
  if (mayWait) return { action: 'record', outcome: 'QUEUED', detail: why }
  const isFull = first !== undefined && queued.length > 0
  return {
    action: 'record',
    outcome: 'SKIPPED',
    detail: isFull
      ? `${why}, and ${queued.length} ${queued.length === 1 ? 'slot waits' : 'slots wait'}`
      : why,
  }
}

/** One that was there when a person resumed the schedule is settled. */
function failureBefore({ pauseOnFailure }: Rules, { previous, state }: JudgedGround): string | undefined {
  if (!pauseOnFailure || previous?.status !== 'FAILED') return undefined
  const { slot, jobExecutionId, endTime } = previous
  const resumed = state?.resumed ?? null
  if (resumed !== null && endTime !== null && endTime <= resumed.at) return undefined
  return `execution ${jobExecutionId}, of the slot ${slot.toISOString()}, has FAILED`
}

function decideBackfill(rules: Rules, { live }: JudgedGround, maxActive: number): FireVerdict {
  const inTheWay = live.filter(
    (one) => isInTheWay(rules, one) && (rules.overlap !== 'allow' || one.isBackfill),
  )
  const [first] = inTheWay
  return first === undefined || inTheWay.length < maxActive
    ? { action: 'launch' }
    : { action: 'leave', reason: busyText(first) }
}

export function pauseText({ by, note, since }: { by: string; note: string | null; since: Date }): string {
  return `paused since ${since.toISOString()} by ${by}${note === null ? '' : `: ${note}`}`
}

/** One that will be restarted as soon as its death is noticed is as good as alive. */
function isInTheWay({ onRecovered }: Rules, { death }: JudgedExecution): boolean {
  return death === undefined || onRecovered === 'restart'
}

function busyText({ id, status }: JudgedExecution): string {
  return `execution ${id} of the job is ${status}`
}

/** How many may wait: none, one, or as many as are caught up on. */
function queueLimit({ overlap, misfire }: Rules): number {
  if (overlap === 'stop-previous') return 0
  const caughtUp = misfireLimit(misfire)
  return overlap === 'queue-one' ? Math.max(1, caughtUp) : caughtUp
}
