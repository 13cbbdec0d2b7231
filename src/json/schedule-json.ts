/** Schedules and rows of the fire ledger. */
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import type { ScheduleOverview } from '../scheduling/schedule-operations.ts'
import type { Json } from './execution-json.ts'

export function fireJson(fire: ScheduleFire): Json {
  const { schedule, slot, outcome, jobExecutionId, latest, firedBy, firedAt, detail } = fire
  return {
    schedule,
    slot,
    outcome,
    jobExecutionId,
    latestJobExecutionId: latest?.jobExecutionId ?? null,
    status: latest?.status ?? null,
    firedBy,
    firedAt,
    detail,
  }
}

/** @param nextSlot undefined where it has none */
export function scheduleJson({ schedule, state, last }: ScheduleOverview, nextSlot: Date | undefined): Json {
  const { name, job, cron, timezone, overlap, misfire, jitter, onRecovered, pauseOnFailure } = schedule
  return {
    schedule: name,
    jobName: job.name,
    cron,
    timezone,
    overlap,
    misfire,
    jitter,
    onRecovered,
    pauseOnFailure,
    paused: state?.pause ?? null,
    resumed: state?.resumed ?? null,
    nextSlot: nextSlot ?? null,
    lastFire: last === undefined ? null : fireJson(last),
  }
}
