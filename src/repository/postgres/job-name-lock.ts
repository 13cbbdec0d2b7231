/** Makes transactions that count on what became of a job's others go one after the other. */
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

/**
 * Advisory, and held until the transaction ends: fires of a job wait for fires, launches of its next instance for each other. The
 * table's name is part of it, since one database may hold several repositories.
 */
export async function lockJobName(
  run: RunSql,
  { jobInstance }: TableNames,
  kind: 'fire' | 'next',
  jobName: string,
): Promise<void> {
  await run('select pg_advisory_xact_lock(hashtextextended($1, 0))', [`${kind} ${jobInstance} ${jobName}`])
}
