/** What began and what ended in each hour, of all jobs. */
import type { HourFigures, HourlyRequest } from '../../core/ports/job-figures.ts'
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

interface HourRow {
  readonly hour: string
  readonly started: string
  readonly completed: string
  readonly failed: string
  readonly stopped: string
}

/** Down the indexes on the start and the end. Spring's times are the wall clock of UTC. No locks. */
export async function hourlyFigures(
  run: RunSql,
  { jobExecution }: TableNames,
  { since, until }: HourlyRequest,
): Promise<readonly HourFigures[]> {
  const within = (column: string) =>
    `${column} >= $1::timestamptz at time zone 'utc'
        and ($2::timestamptz is null or ${column} < $2::timestamptz at time zone 'utc')`
  const count = (kind: string) => `count(*) filter (where kind = '${kind}')`
  const rows = await run<HourRow>(
    `select to_char(at, 'YYYY-MM-DD"T"HH24:00:00"Z"') as "hour", ${count('STARTED')} as "started",
        ${count('COMPLETED')} as "completed", ${count('FAILED')} as "failed", ${count('STOPPED')} as "stopped"
      from (
        select start_time as at, 'STARTED' as kind from ${jobExecution} where ${within('start_time')}
        union all
        select end_time, status from ${jobExecution}
          where ${within('end_time')} and status in ('COMPLETED', 'FAILED', 'STOPPED')
      ) happened
      group by 1 order by 1`,
    [since, until ?? null],
  )
  return rows.map((row) => ({
    hour: new Date(row.hour),
    started: Number(row.started),
    completed: Number(row.completed),
    failed: Number(row.failed),
    stopped: Number(row.stopped),
  }))
}
