/** `batchwright schedules backfill <name>` */
import { BatchError } from '../../core/model/batch-error.ts'
import { processIdentity, processRequester } from '../../process/process-identity.ts'
import { systemClock } from '../../process/system-clock.ts'
import { backfillRange } from '../../scheduling/backfill-range.ts'
import type { Backfill, BackfillSlot } from '../../scheduling/plan-backfill.ts'
import { scheduleOperations } from '../../scheduling/schedule-operations.ts'
import type { CommandContext } from '../command-context.ts'
import { checkedSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import type { Output } from '../output.ts'
import { runBackfill } from '../run-backfill.ts'
import { instantText } from '../instant-text.ts'
import { outcomeText } from '../schedule-text.ts'
import { watchSignals } from '../signals.ts'

export interface BackfillOptions {
  readonly from: string
  readonly to: string
  readonly reprocess: Backfill['reprocess']
  readonly maxActive: number
  readonly backwards?: boolean
  readonly queue?: boolean
  readonly dryRun?: boolean
  /** In seconds. */
  readonly grace: number
}

export async function backfill(
  context: CommandContext,
  name: string,
  options: BackfillOptions,
): Promise<number> {
  const { output } = context
  const { project, jobs, schedules } = await checkedSchedules(context)
  if (options.queue === true && options.backwards === true) throw queuedBackwards()
  using signals = watchSignals(output.tell, options.grace)
  return await withBatch(context, project, jobs, async (batch) => {
    const operations = scheduleOperations(batch, schedules, systemClock)
    const { job, timezone } = operations.find(name)
    const { reprocess, maxActive } = options
    const wanted: Backfill = { ...backfillRange(timezone, options), reprocess, maxActive }
    const requester = processRequester(processIdentity())
    if (options.queue === true && options.dryRun !== true)
      return showQueued(output, name, await operations.queueBackfill(name, wanted, requester))
    const planned = await operations.planBackfill(name, wanted)
    const slots = options.backwards === true ? planned.toReversed() : planned
    if (options.dryRun === true) return showPlan(output, name, slots)
    if (slots.length === 0) output.tell('no slot to be fired')
    const by = `${requester}, backfill of schedule ${name}`
    const fire = (slot: BackfillSlot) =>
      operations.fireBackfill(name, slot, wanted, { by, runner: 'command' })
    return runBackfill({ output, name, job, signals, maxActive, fire }, slots)
  })
}

function queuedBackwards(): BatchError {
  return new BatchError(
    'INVALID_CONFIGURATION',
    '--queue and --backwards do not go together: what waits in the ledger is fired oldest first. Leave one of them out.',
  )
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

function showQueued(output: Output, schedule: string, slots: readonly BackfillSlot[]): number {
  for (const { slot } of slots)
    output.result(
      output.json ? jsonLine({ schedule, slot, outcome: 'QUEUED' }) : `${instantText(slot)}  QUEUED`,
    )
  output.tell(`${slots.length} slots wait for a scheduler`)
  return 0
}
