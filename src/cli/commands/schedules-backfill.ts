/** `batchwright schedules backfill <name>` */
import type { RunOutcome } from '../../core/engine/run-outcome.ts'
import type { StartedJob } from '../../core/operator/job-operator.ts'
import type { AnyJob } from '../../create-batch.ts'
import type { Fired } from '../../core/operator/fire-operations.ts'
import { processIdentity, processRequester } from '../../process/process-identity.ts'
import { systemClock } from '../../process/system-clock.ts'
import { backfillRange } from '../../scheduling/backfill-range.ts'
import { type Backfill, type BackfillSlot, scheduleOperations } from '../../scheduling/schedule-operations.ts'
import type { CommandContext } from '../command-context.ts'
import { checkedSchedules } from '../checked-schedules.ts'
import { exitCodeOfError, exitCodeOfOutcome, STOPPED } from '../exit-code.ts'
import { jsonLine } from '../json-output.ts'
import { withBatch } from '../open-batch.ts'
import type { Output } from '../output.ts'
import { instantText, outcomeText } from '../schedule-text.ts'
import { type SignalWatch, watchSignals } from '../signals.ts'

export interface BackfillOptions {
  readonly from: string
  readonly to: string
  readonly reprocess: Backfill['reprocess']
  readonly dryRun?: boolean
  /** In seconds. */
  readonly grace: number
}

const BUSY_MILLISECONDS = 1000

/** The exit code is that of the first slot that has not completed; a slot that fails does not keep the later ones from running. */
export async function backfill(
  context: CommandContext,
  name: string,
  options: BackfillOptions,
): Promise<number> {
  const { output } = context
  const { project, jobs, schedules } = await checkedSchedules(context)
  using signals = watchSignals(output.tell, options.grace)
  return await withBatch(context, project, jobs, async (batch) => {
    const operations = scheduleOperations(batch, schedules, systemClock)
    const { job, timezone } = operations.find(name)
    const range = { ...backfillRange(timezone, options), reprocess: options.reprocess }
    const slots = await operations.planBackfill(name, range)
    if (options.dryRun === true) return showPlan(output, name, slots)
    if (slots.length === 0) output.tell('no slot to be fired')
    const by = `${processRequester(processIdentity())}, backfill of schedule ${name}`
    const fire = (slot: BackfillSlot) => operations.fireBackfill(name, slot, range, { by, runner: 'command' })
    return fireAll({ output, name, job, signals, fire }, slots)
  })
}

interface Firing {
  readonly output: Output
  readonly name: string
  readonly job: AnyJob
  readonly signals: SignalWatch
  readonly fire: (slot: BackfillSlot) => Promise<Fired>
}

async function fireAll(firing: Firing, slots: readonly BackfillSlot[]): Promise<number> {
  const { output, name, job, signals, fire } = firing
  let exitCode = 0
  for (const one of slots) {
    const fired = await fireWhenFree(() => fire(one), signals.stop)
    if (fired === undefined) return STOPPED
    const ended = fired.outcome === 'FIRED' ? await endOf(fired.started, signals) : undefined
    showFired(output, name, one.slot, fired, ended)
    if (ended?.execution.status === 'STOPPED') return STOPPED
    if (exitCode === 0) exitCode = ended === undefined ? codeOf(fired) : exitCodeOfOutcome(job, ended)
    if (signals.givenUp() !== undefined) return signals.givenUp() ?? exitCode
  }
  return exitCode
}

function endOf(started: StartedJob, signals: SignalWatch): Promise<RunOutcome> {
  signals.direct(started)
  return started.ended
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

function showPlan(output: Output, schedule: string, slots: readonly BackfillSlot[]): number {
  for (const { slot, fire } of slots) {
    const status = fire?.latest?.status ?? null
    if (output.json)
      output.result(jsonLine({ schedule, slot, outcome: fire?.outcome ?? null, status, dryRun: true }))
    else
      output.result(
        `${instantText(slot)}  would be fired${fire === undefined ? '' : `, is ${outcomeText(fire)}`}`,
      )
  }
  output.tell(`${slots.length} slots; nothing was fired`)
  return 0
}

function showFired(
  output: Output,
  schedule: string,
  slot: Date,
  fired: Fired,
  ended: RunOutcome | undefined,
): void {
  const detail = 'detail' in fired ? fired.detail : 'reason' in fired ? fired.reason : null
  const { id = null, status = null } = ended?.execution ?? {}
  if (output.json)
    output.result(jsonLine({ schedule, slot, outcome: fired.outcome, jobExecutionId: id, status, detail }))
  else {
    const what = id === null ? (detail ?? '') : `execution ${id} ${status}`
    output.result(`${instantText(slot)}  ${fired.outcome}  ${what}`)
  }
}
