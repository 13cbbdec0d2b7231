/** The parameters that a schedule gives its job for a slot. */
import { inspect, types } from 'node:util'
import { type ParsedParameters, parseParameters } from '../core/definition/parse-parameters.ts'
import { BatchError, isBatchError } from '../core/model/batch-error.ts'
import type { ScheduleDefinition, SlotScope } from './define-schedule.ts'
import { zoneClock } from './zone-clock.ts'

const DAY = 86_400_000

/** @throws BatchError INVALID_JOB_PARAMETERS, also where `parameters` itself throws */
export async function slotParameters(schedule: ScheduleDefinition, slot: Date): Promise<ParsedParameters> {
  const { job } = schedule
  return parseParameters(job.name, job.parameters, slotValues(schedule, slot))
}

/** As `parameters` gives them, before the job's schema has seen them. @throws BatchError INVALID_JOB_PARAMETERS */
export function slotValues(schedule: ScheduleDefinition, slot: Date): Readonly<Record<string, unknown>> {
  const values = valuesOrError(schedule, slot)
  if (types.isPromise(values)) {
    values.catch(() => {}) // what becomes of it is of no interest any more
    throw unusable(schedule, slot, 'gave a promise: it must give its values at once, from the slot alone')
  }
  if (typeof values === 'object' && values !== null && !Array.isArray(values))
    return values as Readonly<Record<string, unknown>>
  throw unusable(schedule, slot, `gave ${inspect(values)}: it must give an object with the job's parameters`)
}

function valuesOrError(schedule: ScheduleDefinition, slot: Date): unknown {
  try {
    return schedule.parameters(slotScope(schedule, slot))
  } catch (error) {
    if (isBatchError(error)) throw error
    throw unusable(schedule, slot, `failed: ${String(error)}`, error)
  }
}

function unusable({ name }: ScheduleDefinition, slot: Date, what: string, cause?: unknown): BatchError {
  return new BatchError(
    'INVALID_JOB_PARAMETERS',
    `parameters of schedule ${name}, asked for the slot ${slot.toISOString()}, ${what}`,
    { details: { schedule: name, slot }, ...(cause !== undefined && { cause }) },
  )
}

function slotScope({ timezone }: Pick<ScheduleDefinition, 'timezone'>, slot: Date): SlotScope {
  return {
    slot: new Date(slot),
    timezone,
    localDate: (days = 0) =>
      new Date(zoneClock(timezone).wallTime(slot.getTime()) + days * DAY).toISOString().slice(0, 10),
  }
}
