/** A backfill in this process: slot by slot, so many at once, until all have ended or a signal comes. */
import type { RunOutcome } from '../core/engine/run-outcome.ts'
import type { Fired } from '../core/operator/fire-operations.ts'
import { notFiredReason } from '../core/operator/not-fired.ts'
import type { StartedJob } from '../core/operator/job-operator.ts'
import type { AnyJob } from '../create-batch.ts'
import { systemClock } from '../process/system-clock.ts'
import type { BackfillSlot } from '../scheduling/plan-backfill.ts'
import { exitCodeOfError, exitCodeOfOutcome, STOPPED } from '../core/operator/exit-code.ts'
import { jsonLine } from '../json/json-line.ts'
import type { Output } from './output.ts'
import { instantText } from './instant-text.ts'
import type { SignalWatch } from './signals.ts'

export interface BackfillRun {
  readonly output: Output
  readonly name: string
  readonly job: AnyJob
  readonly signals: SignalWatch
  readonly maxActive: number
  readonly fire: (slot: BackfillSlot) => Promise<Fired>
}

const BUSY_MILLISECONDS = 1000

/**
 * The exit code is that of the first slot that has not completed. A slot that fails does not keep the later ones from running; one
 * that is stopped does.
 */
export async function runBackfill(run: BackfillRun, slots: readonly BackfillSlot[]): Promise<number> {
  const { signals, maxActive } = run
  const runs: Runs = { underWay: new Set(), isStopped: false }
  const endings: Promise<number>[] = []
  for (const { slot, fire } of slots) {
    while (runs.underWay.size >= maxActive) await Promise.race([...runs.underWay].map(({ ended }) => ended))
    if (runs.isStopped) break
    const fired = await fireWhenFree(() => run.fire({ slot, fire }), signals.stop)
    if (fired === undefined) break
    endings.push(follow(run, runs, slot, fired))
  }
  await Promise.allSettled(endings)
  const codes = await Promise.all(endings)
  if (signals.givenUp() !== undefined) return signals.givenUp() ?? STOPPED
  if (runs.isStopped || signals.stop.aborted) return STOPPED
  return codes.find((code) => code !== 0) ?? 0
}

interface Runs {
  readonly underWay: Set<StartedJob>
  isStopped: boolean
}

/** Resolves with the exit code of the slot, when its run has ended. */
async function follow(
  { output, name, job, signals }: BackfillRun,
  runs: Runs,
  slot: Date,
  fired: Fired,
): Promise<number> {
  if (fired.outcome !== 'FIRED') {
    showFired(output, name, slot, fired, undefined)
    return codeOf(fired)
  }
  const { underWay } = runs
  const { started } = fired
  underWay.add(started)
  // Again for each, so that a signal that came before is passed on to it.
  signals.direct({
    stop: (reason, grace) => underWay.forEach((one) => one.stop(reason, grace)),
    abort: (reason) => underWay.forEach((one) => one.abort(reason)),
  })
  try {
    const ended = await started.ended
    if (ended.execution.status === 'STOPPED') runs.isStopped = true
    showFired(output, name, slot, fired, ended)
    return exitCodeOfOutcome(job, ended)
  } finally {
    underWay.delete(started)
  }
}

/** Of a slot for which nothing was launched; another process may have been faster, which is as good. */
function codeOf(fired: Fired): number {
  return 'error' in fired && fired.error !== undefined ? exitCodeOfError(fired.error) : 0
}

/** Undefined when a signal came first. */
async function fireWhenFree(fire: () => Promise<Fired>, signal: AbortSignal): Promise<Fired | undefined> {
  for (;;) {
    if (signal.aborted) return undefined
    const fired = await fire()
    if (fired.outcome !== 'left' || fired.error !== undefined) return fired
    await systemClock.sleep(BUSY_MILLISECONDS, signal).catch(() => undefined)
  }
}

function showFired(
  output: Output,
  schedule: string,
  slot: Date,
  fired: Fired,
  ended: RunOutcome | undefined,
): void {
  const detail = fired.outcome === 'FIRED' ? null : notFiredReason(fired)
  const { id = null, status = null } = ended?.execution ?? {}
  if (output.json)
    output.result(jsonLine({ schedule, slot, outcome: fired.outcome, jobExecutionId: id, status, detail }))
  else {
    const what = id === null ? (detail ?? '') : `execution ${id} ${status}`
    output.result(`${instantText(slot)}  ${fired.outcome}  ${what}`)
  }
}
