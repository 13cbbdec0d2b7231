/** The partitions of an execution as a table: those at work first, the slowest of them at the top. */
import type { StepExecution } from '../core/model/step-execution.ts'
import { countText, durationText, shortCount, spanText } from './quantity-text.ts'
import { type Column, renderTable } from './render-table.ts'
import { skipCount } from '../core/model/step-execution.ts'

/** How long a running partition is silent, and how fast it has been, by the clock of whoever asks. */
export interface PartitionFigures {
  /** Items read in a second, since it began; until its end where it has ended. */
  readonly itemsPerSecond: number
  /** Since its last commit, or its beginning; null where it has ended. */
  readonly silentMilliseconds: number | null
}

export function partitionFigures(step: StepExecution, now: Date): PartitionFigures {
  const begun = (step.startTime ?? step.createTime).getTime()
  const until = (step.endTime ?? now).getTime()
  const seconds = Math.max(until - begun, 1) / 1000
  const last = (step.lastUpdated ?? step.createTime).getTime()
  return {
    itemsPerSecond: step.readCount / seconds,
    silentMilliseconds: step.endTime === null ? Math.max(now.getTime() - last, 0) : null,
  }
}

/** Empty where no step was partitioned. */
export function partitionLines(steps: readonly StepExecution[], now: Date): readonly string[] {
  const partitions = slowestFirst(steps, now)
  return partitions.length === 0 ? [] : ['', 'partitions:', ...renderTable(columns(now), partitions)]
}

/** Of those at work the one that has gone longest without a commit comes first; then the others, in the order of their beginning. */
export function slowestFirst(steps: readonly StepExecution[], now: Date): readonly StepExecution[] {
  const silence = (step: StepExecution) => partitionFigures(step, now).silentMilliseconds ?? -1
  return steps
    .filter(({ partition }) => partition !== undefined)
    .toSorted((one, other) => silence(other) - silence(one))
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
