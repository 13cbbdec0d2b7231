/** What the in-memory repository remembers of schedules. */
import type { ScheduleFire, ScheduleState } from '../../core/model/schedule-fire.ts'

export interface MemorySchedules {
  readonly states: Map<string, ScheduleState>
  /** By schedule and slot. */
  readonly fires: Map<string, StoredFire>
}

export type StoredFire = Omit<ScheduleFire, 'latest'>
