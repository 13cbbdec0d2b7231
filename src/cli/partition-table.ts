/** The partitions of an execution: how many stand how, and some of them as a table. */
import { BATCH_STATUSES } from '../core/model/batch-status.ts'
import type { PartitionOverview } from '../core/model/partition-overview.ts'
import type { StepExecution } from '../core/model/step-execution.ts'
import type { ListedPartitions } from './listed-partitions.ts'
import { type PartitionFigures, partitionFigures } from '../json/partition-figures.ts'
import { countText, durationText, shortCount, spanText } from './quantity-text.ts'
import { type Column, renderTable } from './render-table.ts'
import { skipCount } from '../core/model/step-execution.ts'

/** A line for each partitioned step, then those that are listed. Empty where no step was partitioned. */
export function partitionLines({ overviews, executions }: ListedPartitions, now: Date): readonly string[] {
  if (overviews.length === 0) return []
  const begun = overviews.reduce((sum, overview) => sum + begunCount(overview), 0)
  const left = begun - executions.length
  return [
    '',
    ...overviews.map(overviewLine),
    ...renderTable(columns(now), executions),
    ...(left > 0 ? [`${countText(left)} more: --partitions ${begun} lists all`] : []),
  ]
}

/** `partitions of load: 12 COMPLETED, 3 STARTED, 1 FAILED of 32 in the plan; 16 open` */
function overviewLine({ stepName, planned, open, executions }: PartitionOverview): string {
  const statuses = BATCH_STATUSES.flatMap((status) => {
    const count = executions[status]
    return count === undefined ? [] : [`${countText(count)} ${status}`]
  })
  const rest = open === 0 ? '' : `; ${countText(open)} open`
  return `partitions of ${stepName}: ${statuses.join(', ')} of ${countText(planned)} in the plan${rest}`
}

function begunCount({ executions }: PartitionOverview): number {
  return Object.values(executions).reduce((sum, count) => sum + count, 0)
}

function columns(now: Date): readonly Column<StepExecution>[] {
  return [
    { title: 'partition', text: ({ stepName }) => stepName },
    { title: 'status', text: ({ status }) => status },
    { title: 'worker', text: ({ partition }) => workerText(partition?.worker ?? null) },
    { title: 'read', text: ({ readCount }) => countText(readCount), align: 'right' },
    { title: 'written', text: ({ writeCount }) => countText(writeCount), align: 'right' },
    { title: 'skipped', text: (step) => countText(skipCount(step)), align: 'right' },
    {
      title: 'rate',
      text: (step) => `${shortCount(partitionFigures(step, now).itemsPerSecond)}/s`,
      align: 'right',
    },
    { title: 'time', text: ({ startTime, endTime }) => spanText(startTime, endTime ?? now), align: 'right' },
    { title: 'last commit', text: (step) => silenceText(partitionFigures(step, now)), align: 'right' },
  ]
}

function workerText(worker: { readonly host: string; readonly pid: number } | null): string {
  return worker === null ? '' : `${worker.host} pid ${worker.pid}`
}

function silenceText({ silentMilliseconds }: PartitionFigures): string {
  return silentMilliseconds === null ? '' : `${durationText(silentMilliseconds)} ago`
}
