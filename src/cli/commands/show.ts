/** `batchwright show <executionId>` */
import { describeOwner } from '../../core/model/execution-owner.ts'
import type { StoredContext } from '../../core/model/execution-context.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import { describeBalance } from '../../core/model/step-reconciliation.ts'
import type { ExecutionQuarantine } from '../../core/operator/quarantine-operations.ts'
import type { OperatorAction } from '../../core/model/operator-action.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { quarantineJson, quarantineLines } from '../execution-quarantine.ts'
import { executionReport } from '../execution-report.ts'
import { partitionLines } from '../partition-table.ts'
import { executionDetailsJson, jsonLine } from '../json-output.ts'
import { withBatch } from '../open-batch.ts'

export async function show(context: CommandContext, jobExecutionId: string): Promise<number> {
  const { output } = context
  const shown = await withBatch(context, await projectOf(context), [], async ({ operator }) => ({
    execution: await operator.findJobExecution(jobExecutionId),
    actions: await operator.listOperatorActions(jobExecutionId),
    quarantine: await operator.quarantineOf(jobExecutionId),
  }))
  const { execution, actions, quarantine } = shown
  if (output.json) {
    const more = { operatorActions: actions, quarantine: quarantineJson(quarantine) }
    output.result(jsonLine({ ...executionDetailsJson(execution), ...more }))
  } else for (const line of detailLines(shown)) output.result(line)
  return 0
}

interface Shown {
  readonly execution: JobExecutionDetails
  readonly actions: readonly OperatorAction[]
  readonly quarantine: ExecutionQuarantine
}

function detailLines({ execution, actions, quarantine }: Shown): readonly string[] {
  const { owner, createTime, startTime, endTime, exitStatus, stepExecutions } = execution
  const notes = [
    timesText({ created: createTime, started: startTime, ended: endTime }),
    owner === null ? 'made by Spring Batch' : `run by ${describeOwner(owner)}`,
    ...actions.map(({ action, by, at }) => `${action} by ${by} at ${at.toISOString()}`),
    ...quarantineLines(execution.id, quarantine),
  ]
  return [
    ...executionReport(execution, notes),
    ...partitionLines(stepExecutions, new Date()),
    ...described('exit description', exitStatus.exitDescription),
    ...described('reconciled', reconciliationText(worthTelling(stepExecutions))),
    ...described('execution context', contextText(execution.executionContext)),
    ...worthTelling(stepExecutions).flatMap((step) => [
      ...(step.exitStatus.exitDescription === exitStatus.exitDescription
        ? []
        : described(`exit description of step ${step.stepName}`, step.exitStatus.exitDescription)),
      ...described(`execution context of step ${step.stepName}`, contextText(step.executionContext)),
    ]),
  ]
}

/** Of partitions, of which there may be thousands, only what went wrong. */
function worthTelling(steps: readonly StepExecution[]): readonly StepExecution[] {
  return steps.filter(({ partition, status }) => partition === undefined || status === 'FAILED')
}

function reconciliationText(steps: readonly StepExecution[]): string {
  const lines = steps.flatMap(({ stepName, reconciliation }) =>
    reconciliation === undefined ? [] : [`${stepName}: ${describeBalance(reconciliation.totals)}`],
  )
  return lines.join('\n')
}

function timesText(times: Readonly<Record<string, Date | null>>): string {
  return Object.entries(times)
    .filter((entry): entry is [string, Date] => entry[1] !== null)
    .map(([word, time]) => `${word} ${time.toISOString()}`)
    .join(', ')
}

function described(title: string, text: string): readonly string[] {
  return text === '' ? [] : ['', `${title}:`, ...text.split('\n').map((line) => `  ${line}`)]
}

function contextText(context: StoredContext): string {
  if (context.kind === 'opaque') return `stored in a form that is not read here (${context.form})`
  return Object.entries(context.values)
    .map(([key, value]) => `${key}: ${jsonLine({ value }).slice('{"value":'.length, -1)}`)
    .join('\n')
}
