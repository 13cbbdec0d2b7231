/** The schedules and the fire ledger of the Postgres repository. */
import type { DataSource } from 'typeorm'
import type { ScheduleStore } from '../../core/ports/schedule-store.ts'
import { cancelQueued, queueFires } from './backfill-rows.ts'
import type { RunSql } from './fence.ts'
import {
  findFireOfInstance,
  listFires,
  listLatestFires,
  listQueued,
  recordFires,
  recordFiresUpTo,
} from './fire-rows.ts'
import { fireSlot } from './fire-slot.ts'
import { duringOn } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'
import {
  coverSchedule,
  listStates,
  pauseSchedule,
  registerSchedules,
  resumeSchedule,
} from './schedule-rows.ts'

/** Every statement but a fire may be sent again when its answer was lost. */
export function scheduleStore(source: DataSource, address: RepositoryAddress, run: RunSql): ScheduleStore {
  const { tables } = address
  const during = duringOn(address)
  return {
    register: (schedules, at) =>
      during('registering schedules', 'unknown', () => registerSchedules(run, tables, schedules, at)),
    listStates: () => during('listing schedules', 'read', () => listStates(run, tables)),
    fire: (request) => fireSlot(source, address, request),
    record: (slots, row) => during('recording slots', 'unknown', () => recordFires(run, tables, slots, row)),
    recordUpTo: (slots, row, covers) =>
      during('recording slots', 'unknown', () => recordFiresUpTo(run, tables, slots, row, covers)),
    queue: (slots, backfill) =>
      during('queueing slots', 'unknown', () => queueFires(run, tables, slots, backfill)),
    cancelBackfill: (schedule, row) =>
      during('cancelling a backfill', 'unknown', () => cancelQueued(run, tables, schedule, row)),
    listQueued: (schedules, limit) =>
      during('listing queued slots', 'read', () => listQueued(run, tables, schedules, limit)),
    cover: (schedule, until) =>
      during('covering slots', 'unknown', () => coverSchedule(run, tables, schedule, until)),
    pause: (schedule, pause) =>
      during('pausing a schedule', 'unknown', () => pauseSchedule(run, tables, schedule, pause)),
    resume: (schedule, request) =>
      during('resuming a schedule', 'unknown', () => resumeSchedule(run, tables, schedule, request)),
    listFires: (filter) => during('listing the fire ledger', 'read', () => listFires(run, tables, filter)),
    listLatestFires: (schedules) =>
      during('listing the fire ledger', 'read', () => listLatestFires(run, tables, schedules)),
    findFireOfInstance: (id) =>
      during('looking up a slot', 'read', () => findFireOfInstance(run, tables, id)),
  }
}
