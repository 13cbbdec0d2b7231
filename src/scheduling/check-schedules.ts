/** What the compiler does not see in schedules. */
import { inspect } from 'node:util'
import { validateDetailed } from 'node-cron'
import type { JobDefinition } from '../core/definition/define-job.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { didYouMeanOr } from '../core/model/nearest-name.ts'
import { jobKey } from '../core/model/job-key.ts'
import { characterCount } from '../core/model/recorded-name.ts'
import { cronSlots } from './cron-slots.ts'
import {
  type Misfire,
  OVERLAPS,
  RECOVERIES,
  SCHEDULE_OPTIONS,
  type ScheduleDefinition,
} from './define-schedule.ts'
import { parseDuration } from '../core/model/duration.ts'
import { slotParameters } from './slot-parameters.ts'
import { isZone } from './zone-clock.ts'

const PROBED_SLOTS = 12
const NAME_LIMIT = 100

/** @throws BatchError INVALID_SCHEDULE with every fault of every schedule */
export async function checkSchedules(
  schedules: readonly ScheduleDefinition[],
  jobs: readonly JobDefinition[],
  now: Date,
): Promise<void> {
  const faults = await scheduleFaults(schedules, jobs, now)
  if (faults.length === 0) return
  throw new BatchError(
    'INVALID_SCHEDULE',
    `These schedules cannot be used:${faults.map((one) => `\n  ${one}`).join('')}`,
    { details: { faults } },
  )
}

/** Empty when there is nothing to report. Some slots after `now` are tried out: `parameters` is called for them. */
export async function scheduleFaults(
  schedules: readonly ScheduleDefinition[],
  jobs: readonly JobDefinition[],
  now: Date,
): Promise<readonly string[]> {
  const names = schedules.map(({ name }) => name)
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  const faults = [...twice].map((name) => `schedule ${name}: the name is used by more than one schedule`)
  for (const schedule of schedules) {
    const found = [...optionFaults(schedule), ...jobFaults(schedule, jobs)]
    const all = found.length > 0 ? found : await slotFaults(schedule, now)
    faults.push(...all.map((fault) => `schedule ${shownName(schedule)}: ${fault}`))
  }
  return faults
}

function shownName({ name }: ScheduleDefinition): string {
  return nameFaults(name).length === 0 ? name : inspect(name)
}

function optionFaults(schedule: ScheduleDefinition): readonly string[] {
  const { name, cron, timezone, overlap, misfire, jitter, onRecovered, pauseOnFailure } = schedule
  return [
    ...schedule.unknownOptions.map(unknownOption),
    ...nameFaults(name),
    ...cronFaults(cron),
    ...(isZone(timezone)
      ? []
      : [`timezone is ${inspect(timezone)}; it must be a zone such as 'UTC' or 'Europe/Berlin'`]),
    ...oneOf('overlap', overlap, OVERLAPS),
    ...oneOf('onRecovered', onRecovered, RECOVERIES),
    ...(parseDuration(jitter) === undefined ? [`jitter is ${inspect(jitter)}; ${LENGTH}`] : []),
    ...misfireFaults(misfire),
    ...(typeof pauseOnFailure === 'boolean'
      ? []
      : [`pauseOnFailure is ${inspect(pauseOnFailure)}; it must be true or false`]),
  ]
}

/** It stands in the ledger, in logs and on command lines. */
function nameFaults(name: unknown): readonly string[] {
  const isName = typeof name === 'string' && name.trim() !== '' && characterCount(name) <= NAME_LIMIT
  if (!isName) return [`its name must have 1 to ${NAME_LIMIT} characters`]
  return /[\p{Cc}\p{Surrogate}]/u.test(name)
    ? [`its name is ${inspect(name)}; it must not have control characters, or halves of characters`]
    : []
}

const LENGTH = "it must be a length of time such as '90s', '5m', '1h', '2d', '4w'"

function unknownOption(key: string): string {
  const hint = didYouMeanOr(key, SCHEDULE_OPTIONS, `The options are ${SCHEDULE_OPTIONS.join(', ')}.`)
  return `${key}: no such option. ${hint}`
}

function cronFaults(cron: unknown): readonly string[] {
  if (typeof cron !== 'string') return [`cron is ${inspect(cron)}; it must be a text such as '30 2 * * *'`]
  const { valid, errors } = validateDetailed(cron)
  if (valid) return []
  return errors.map(({ field, message }) => `cron '${cron}', ${field}: ${message}`)
}

function oneOf(option: string, value: unknown, known: readonly string[]): readonly string[] {
  if (known.includes(value as string)) return []
  return [`${option} is ${inspect(value)}; it must be one of ${known.join(', ')}`]
}

const MISFIRES =
  "it must be 'skip', 'fire-once', { rule: 'fire-once', window } or { rule: 'catch-up', window, limit }"

function misfireFaults(misfire: Misfire): readonly string[] {
  if (misfire === 'skip' || misfire === 'fire-once') return []
  const { rule, window, limit, ...others } = (misfire ?? {}) as {
    readonly rule?: unknown
    readonly window?: unknown
    readonly limit?: unknown
  }
  const isRule = rule === 'catch-up' || (rule === 'fire-once' && limit === undefined)
  if (!isRule || Object.keys(others).length > 0) return [`misfire is ${inspect(misfire)}; ${MISFIRES}`]
  const needsWindow = rule === 'catch-up' || window !== undefined
  const isLimit = limit === undefined || (Number.isSafeInteger(limit) && (limit as number) >= 1)
  return [
    ...(needsWindow && parseDuration(window) === undefined
      ? [`misfire.window is ${inspect(window)}; ${LENGTH}`]
      : []),
    ...(isLimit ? [] : [`misfire.limit is ${inspect(limit)}; it must be a whole number from 1 on`]),
  ]
}

function jobFaults(
  { job, parameters }: ScheduleDefinition,
  jobs: readonly JobDefinition[],
): readonly string[] {
  if (job?.kind !== 'job') return ['its job must be what defineJob returns']
  if (typeof parameters !== 'function') return ['parameters must be a function of the slot']
  if (jobs.includes(job)) return []
  return [`its job ${job.name} is not among the jobs that can be run; add it to them`]
}

/** The next slots must each name an instance of their own, and name it again when they are asked again. */
async function slotFaults(schedule: ScheduleDefinition, now: Date): Promise<readonly string[]> {
  const seen = new Map<string, Date>()
  const slots = cronSlots(schedule.cron, schedule.timezone).next(now, PROBED_SLOTS)
  for (const slot of slots) {
    try {
      const key = jobKey((await slotParameters(schedule, slot)).recorded)
      const fault =
        key === jobKey((await slotParameters(schedule, slot)).recorded)
          ? sameInstance(schedule, seen.get(key), slot)
          : `parameters gives the slot ${slot.toISOString()} another instance each time it is asked: make it from the slot alone`
      if (fault !== undefined) return [fault]
      seen.set(key, slot)
    } catch (error) {
      return [(error as Error).message]
    }
  }
  return slots.length === 0 ? [`cron '${schedule.cron}' has no slot within ten years`] : []
}

function sameInstance({ job }: ScheduleDefinition, before: Date | undefined, slot: Date): string | undefined {
  if (before === undefined) return undefined
  return (
    `parameters gives the slots ${before.toISOString()} and ${slot.toISOString()} the same instance of job ${job.name}, ` +
    'so the second would be refused as complete: put the slot, or the part of it that differs, into an identifying parameter'
  )
}
