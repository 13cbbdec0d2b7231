/** `batchwright list` */
import { BATCH_STATUSES, type BatchStatus } from '../../core/model/batch-status.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import type { JobExecutionSummary } from '../../core/model/job-execution.ts'
import { describeParameters } from '../../core/model/job-parameters.ts'
import type { ExecutionFilter, TriggerFilter } from '../../core/ports/job-repository.ts'
import { triggerText } from '../../core/model/launch-facts.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { secondText } from '../instant-text.ts'
import { executionJson } from '../../json/execution-json.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { spanText } from '../quantity-text.ts'
import { type Column, renderTable } from '../render-table.ts'

export interface ListOptions {
  readonly job?: string
  readonly status?: readonly string[]
  readonly attention?: true
  readonly trigger?: TriggerFilter
  readonly since?: Date
  readonly until?: Date
  readonly search?: string
  readonly limit: number
  readonly before?: string
}

/** Jobs are not loaded: executions of jobs that are gone are listed too. */
export async function list(context: CommandContext, options: ListOptions): Promise<number> {
  const { output } = context
  const filter = filterOf(options)
  const executions = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.listJobExecutions(filter),
  )
  if (output.json) for (const one of executions) output.result(jsonLine(executionJson(one)))
  else if (executions.length === 0) output.tell('no executions')
  else for (const line of renderTable(COLUMNS, executions)) output.result(line)
  return 0
}

function filterOf(options: ListOptions): ExecutionFilter {
  const { job, status, since, until, search, limit, before, attention, trigger } = options
  return {
    limit,
    ...(job !== undefined && { jobName: job }),
    ...(status !== undefined && { statuses: status.map(toStatus) }),
    ...(attention !== undefined && { attention }),
    ...(trigger !== undefined && { trigger }),
    ...(since !== undefined && { createdFrom: since }),
    ...(until !== undefined && { createdUntil: until }),
    ...(search !== undefined && { text: search }),
    ...(before !== undefined && { before }),
  }
}

function toStatus(word: string): BatchStatus {
  const known = BATCH_STATUSES.find((status) => status === word.toUpperCase())
  if (known !== undefined) return known
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `There is no status ${word}. There are ${BATCH_STATUSES.join(', ')}.`,
    { details: { status: word } },
  )
}

const COLUMNS: readonly Column<JobExecutionSummary>[] = [
  { title: 'id', text: ({ id }) => id, align: 'right' },
  { title: 'job', text: ({ jobInstance }) => jobInstance.jobName },
  { title: 'status', text: ({ status }) => status },
  { title: 'exit code', text: ({ status, exitStatus }) => otherThan(status, exitStatus.exitCode) },
  { title: 'created', text: ({ createTime }) => secondText(createTime) },
  { title: 'trigger', text: ({ launch }) => (launch === null ? '' : triggerText(launch.trigger)) },
  { title: 'time', text: ({ startTime, endTime }) => spanText(startTime, endTime), align: 'right' },
  { title: 'parameters', text: ({ jobParameters }) => describeParameters(jobParameters) },
]

function otherThan(status: string, exitCode: string): string {
  return exitCode === status || exitCode === 'UNKNOWN' ? '' : exitCode
}
