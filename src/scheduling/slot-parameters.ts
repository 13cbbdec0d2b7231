/** The parameters that a schedule gives its job for a slot. */
import { type ParsedParameters, parseParameters } from '../core/definition/parse-parameters.ts'
import { BatchError, isBatchError } from '../core/model/batch-error.ts'
import type { ScheduleDefinition, SlotScope } from './define-schedule.ts'
import { zoneClock } from './zone-clock.ts'

const DAY = 86_400_000

/** @throws BatchError INVALID_JOB_PARAMETERS, also where `parameters` itself throws */
export async function slotParameters(schedule: ScheduleDefinition, slot: Date): Promise<ParsedParameters> {
  const { job } = schedule
  try {
    return await parseParameters(job.name, job.parameters, schedule.parameters(slotScope(schedule, slot)))
  } catch (error) {
    if (isBatchError(error)) throw error
    throw new BatchError(
      'INVALID_JOB_PARAMETERS',
      `parameters of schedule ${schedule.name} failed for the slot ${slot.toISOString()}: ${String(error)}`,
      { details: { schedule: schedule.name, slot }, cause: error },
    )
  }
}

export function slotScope({ timezone }: Pick<ScheduleDefinition, 'timezone'>, slot: Date): SlotScope {
  return {
    slot: new Date(slot),
    timezone,
    localDate: (days = 0) =>
      new Date(zoneClock(timezone).wallTime(slot.getTime()) + days * DAY).toISOString().slice(0, 10),
  }
}
