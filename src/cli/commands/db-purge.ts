/** `batchwright db purge --older-than 90d` */
import type { PurgeCounts, PurgeableStatus } from '../../core/ports/purge.ts'
import type { PurgedJob, PurgeReport } from '../../core/operator/purge-history.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { STOPPED } from '../../core/operator/exit-code.ts'
import { watchInterruption } from '../interruption.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { countText } from '../quantity-text.ts'
import { type Column, renderTable } from '../render-table.ts'

export interface PurgeCommandOptions {
  /** In milliseconds. */
  readonly olderThan: number
  readonly keepLast: number
  readonly job?: string
  readonly statuses: readonly PurgeableStatus[]
  readonly withQuarantined?: boolean
  readonly dryRun?: boolean
}

/** A signal ends it between two transactions; what was deleted by then is reported, and the exit code is 3. */
export async function dbPurge(context: CommandContext, options: PurgeCommandOptions): Promise<number> {
  const { output } = context
  const { olderThan, keepLast, job, statuses, withQuarantined = false, dryRun = false } = options
  const endedBefore = new Date(Date.now() - olderThan)
  using interruption = watchInterruption()
  const { signal } = interruption
  const asked = { endedBefore, keepLast, statuses, withQuarantined, dryRun }
  const report = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.purge({ ...asked, signal, ...(job === undefined ? {} : { jobName: job }) }),
  )
  if (output.json) output.result(jsonLine({ ...asked, job: job ?? null, ...report }))
  else for (const line of reportLines(report, endedBefore, dryRun)) output.result(line)
  if (report.stopped) output.tell(`${(signal.reason as Error).message}: there may be more to delete`)
  return report.stopped ? STOPPED : 0
}

function reportLines({ jobs, total }: PurgeReport, endedBefore: Date, dryRun: boolean): readonly string[] {
  const before = `ended before ${endedBefore.toISOString()}`
  if (jobs.length === 0) return [`nothing to delete that ${before}`]
  const { instances, executions, steps, quarantined } = total
  const items = quarantined === 0 ? '' : `, ${countText(quarantined)} skipped items`
  return [
    ...renderTable(COLUMNS, jobs),
    '',
    `${dryRun ? 'would delete' : 'deleted'} ${countText(instances)} instances that ${before}: ` +
      `${countText(executions)} executions, ${countText(steps)} steps${items}`,
  ]
}

const COLUMNS: readonly Column<PurgedJob>[] = [
  { title: 'job', text: ({ jobName }) => jobName },
  ...(['instances', 'executions', 'steps', 'quarantined'] as const).map(countColumn),
]

function countColumn(title: keyof PurgeCounts): Column<PurgedJob> {
  return { title, text: (job) => countText(job[title]), align: 'right' }
}
