/** Schedules, and what became of their slots, as the API shows them. */
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import type { Json } from '../json/execution-json.ts'
import { fireJson, scheduleJson } from '../json/schedule-json.ts'
import type { Api } from './api.ts'
import { API } from './execution-view.ts'
import type { Masking } from './masking.ts'

/** @throws BatchError NO_SUCH_SCHEDULE */
export async function shownSchedule(api: Api, name: string, count: number): Promise<Json> {
  const found = api.scheduling.find(name)
  const state = await api.scheduling.stateOf(name)
  const [last] = await api.repository.schedules.listFires({ schedule: name, limit: 1 })
  const self = `${API}/schedules/${encodeURIComponent(name)}`
  const nextSlots = api.scheduling.next(name, Math.max(count, 1))
  return {
    ...scheduleJson({ schedule: found, state, last }),
    lastFire: last === undefined ? null : shownFire(api.masking, last),
    nextSlot: nextSlots[0] ?? null,
    nextSlots: nextSlots.slice(0, count),
    links: { self, fires: `${self}/fires`, job: `${API}/jobs/${encodeURIComponent(found.job.name)}` },
  }
}

/** Why a launch was refused names parameters. */
export function shownFire(masking: Masking, one: ScheduleFire): Json {
  return { ...fireJson(one), detail: one.detail === null ? null : masking.text(one.detail) }
}
