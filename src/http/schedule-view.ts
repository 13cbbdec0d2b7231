/** Schedules, and what became of their slots, as the API shows them. */
import { setImmediate } from 'node:timers/promises'
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import type { Json } from '../json/execution-json.ts'
import { fireJson, scheduleJson } from '../json/schedule-json.ts'
import type { ScheduleOverview } from '../scheduling/schedule-operations.ts'
import type { Api } from './api.ts'
import { API } from './execution-view.ts'
import type { Masking } from './masking.ts'

/** With `count` slots to come of each. @throws BatchError NO_SUCH_SCHEDULE */
export async function shownSchedules(
  { scheduling, masking }: Api,
  count: number,
  names?: readonly string[],
): Promise<readonly Json[]> {
  const overview = await scheduling.overview(names)
  const shown: Json[] = []
  for (const one of overview) {
    // To find slots takes some milliseconds: of many schedules others would have to wait.
    await setImmediate()
    const { name } = one.schedule
    shown.push(shownOne(masking, one, scheduling.next(name, Math.max(count, 1)), count))
  }
  return shown
}

function shownOne(masking: Masking, one: ScheduleOverview, nextSlots: readonly Date[], count: number): Json {
  const { name, job } = one.schedule
  const self = `${API}/schedules/${encodeURIComponent(name)}`
  return {
    ...scheduleJson(one, nextSlots[0]),
    lastFire: one.last === undefined ? null : shownFire(masking, one.last),
    nextSlots: nextSlots.slice(0, count),
    links: { self, fires: `${self}/fires`, job: `${API}/jobs/${encodeURIComponent(job.name)}` },
  }
}

/** @throws BatchError NO_SUCH_SCHEDULE */
export async function shownSchedule(api: Api, name: string, count: number): Promise<Json> {
  const [shown = {}] = await shownSchedules(api, count, [name])
  return shown
}

/** Why a launch was refused names parameters. */
export function shownFire(masking: Masking, one: ScheduleFire): Json {
  return { ...fireJson(one), detail: one.detail === null ? null : masking.text(one.detail) }
}
