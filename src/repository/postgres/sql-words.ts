/** Words that several statements share. */
import { escapeLiteral } from 'pg'
import { LIVE_STATUSES } from '../../core/model/batch-status.ts'

/** Whatever the database's default is: the fence must see what was committed while it waited for the lock. */
export const BEGIN = 'begin isolation level read committed'

/** What Spring's TIMESTAMP columns hold: the wall clock of UTC. */
export const UTC_NOW = `(clock_timestamp() at time zone 'utc')`

/** Of Spring's eight counts, in the order of CountColumns: `read` is the column `read_count`. */
export const COUNT_KINDS = [
  'read',
  'write',
  'filter',
  'read_skip',
  'process_skip',
  'write_skip',
  'commit',
  'rollback',
] as const

/** For `status in …`: an execution or step with somebody at work. */
export const LIVE: string = `(${LIVE_STATUSES.map(escapeLiteral).join(', ')})`

/** A condition: it runs, or its outcome is UNKNOWN, which is also what a status counts as that we do not know. */
export const OPEN = `(status in ('COMPLETED', 'STOPPED', 'FAILED', 'ABANDONED')) is not true`
