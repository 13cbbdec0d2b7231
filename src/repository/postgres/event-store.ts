/** The events of the Postgres repository. */
import { EVENT_PAGE, type EventStore } from '../../core/ports/event-store.ts'
import { lookAtEvents, pruneEvents } from './event-rows.ts'
import type { RunSql } from './fence.ts'
import { duringOn } from './postgres-errors.ts'
import type { RepositoryAddress } from './repository-options.ts'

export function eventStore(address: RepositoryAddress, run: RunSql): EventStore {
  const { tables } = address
  const during = duringOn(address)
  return {
    look: (cursor, limit = EVENT_PAGE) =>
      during('looking at events', 'read', () => lookAtEvents(run, tables, cursor, limit)),
    prune: (before, limit) =>
      during('deleting old events', 'unknown', () => pruneEvents(run, tables, before, limit)),
  }
}
