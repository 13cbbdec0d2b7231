/** The quarantine of the Postgres repository: its queries, each on any connection. */
import type { QuarantineStore } from '../../core/ports/quarantine-store.ts'
import type { RunSql } from './fence.ts'
import {
  batchEntries,
  findBatch,
  findQuarantined,
  listBatches,
  listQuarantine,
  summarizeQuarantine,
} from './quarantine-queries.ts'
import type { TableNames } from './table-names.ts'

/** `reading` says what was being done when the connection was lost. */
export function quarantineStore(
  run: RunSql,
  tables: TableNames,
  reading: <T>(doing: string, action: () => Promise<T>) => Promise<T>,
): QuarantineStore {
  return {
    list: (filter) => reading('listing the quarantine', () => listQuarantine(run, tables, filter)),
    find: (id) => reading('looking up a quarantined item', () => findQuarantined(run, tables, id)),
    summarize: (selection) =>
      reading('counting the quarantine', () => summarizeQuarantine(run, tables, selection)),
    findBatch: (id) => reading('looking up a redrive', () => findBatch(run, tables, id)),
    listBatches: (id) => reading('listing redrives', () => listBatches(run, tables, id)),
    batchEntries: (part) => reading('reading the quarantine', () => batchEntries(run, tables, part)),
  }
}
