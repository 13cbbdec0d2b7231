/** An execution for people: how it ended, and what each of its steps has done. */
import type { JobExecutionDetails } from '../core/model/job-execution.ts'
import { describeParameters } from '../core/model/job-parameters.ts'
import type { StepExecution } from '../core/model/step-execution.ts'
import { styled } from './output.ts'
import { countText, spanText } from './quantity-text.ts'
import { type Column, renderTable } from './render-table.ts'
import { skipCount } from '../core/model/step-execution.ts'

/** `Execution 42 of job load-trades: COMPLETED in 12.3 s`, then its parameters, then a table of its steps. */
export function executionReport(execution: JobExecutionDetails, notes: readonly string[]): readonly string[] {
  const { id, jobInstance, jobParameters, exitStatus, stepExecutions } = execution
  const duration = spanText(execution.startTime, execution.endTime)
  const ended = duration === '' ? '' : ` in ${duration}`
  const exit = exitStatus.exitCode === execution.status ? '' : `, exit code ${exitStatus.exitCode}`
  return [
    `Execution ${id} of job ${jobInstance.jobName} (instance ${jobInstance.id}): ${statusText(execution.status)}${ended}${exit}`,
    ...notes.map((note) => `  ${note}`),
    `  ${describeParameters(jobParameters)}`,
    ...(stepExecutions.length === 0 ? [] : ['', ...renderTable(STEP_COLUMNS, stepExecutions)]),
  ]
}

export function statusText(status: string): string {
  const style = status === 'COMPLETED' ? 'green' : status === 'FAILED' ? 'red' : 'yellow'
  return styled(style, status, process.stdout)
}

const STEP_COLUMNS: readonly Column<StepExecution>[] = [
  { title: 'step', text: ({ stepName }) => stepName },
  { title: 'status', text: ({ status }) => status },
  { title: 'read', text: ({ readCount }) => countText(readCount), align: 'right' },
  { title: 'written', text: ({ writeCount }) => countText(writeCount), align: 'right' },
  { title: 'filtered', text: ({ filterCount }) => countText(filterCount), align: 'right' },
  { title: 'skipped', text: (step) => countText(skipCount(step)), align: 'right' },
  { title: 'commits', text: ({ commitCount }) => countText(commitCount), align: 'right' },
  { title: 'rollbacks', text: ({ rollbackCount }) => countText(rollbackCount), align: 'right' },
  { title: 'time', text: ({ startTime, endTime }) => spanText(startTime, endTime), align: 'right' },
]
