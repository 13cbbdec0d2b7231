/** `batchwright show <executionId>` */
import { describeOwner } from '../../core/model/execution-owner.ts'
import type { StoredContext } from '../../core/model/execution-context.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import { describeBalance } from '../../core/model/step-reconciliation.ts'
import type { ExecutionQuarantine } from '../../core/operator/quarantine-operations.ts'
import type { OperatorAction } from '../../core/model/operator-action.ts'
import { triggerText } from '../../core/model/launch-facts.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { quarantineLines } from '../execution-quarantine.ts'
import { quarantineJson } from '../../json/quarantine-json.ts'
import { executionReport } from '../execution-report.ts'
import { type ListedPartitions, listedPartitions } from '../listed-partitions.ts'
import { partitionLines } from '../partition-table.ts'
import { executionDetailsJson, stepExecutionJson } from '../../json/execution-json.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'

export interface ShowOptions {
  /** How many partitions at work, and how many that failed, are listed; others fill what is left. */
  readonly partitions: number
}

export async function show(
  context: CommandContext,
  jobExecutionId: string,
  options: ShowOptions,
): Promise<number> {
  const { output } = context
  const shown = await withBatch(context, await projectOf(context), [], async ({ operator }) => ({
    execution: await operator.findJobExecution(jobExecutionId),
    actions: await operator.listOperatorActions(jobExecutionId),
    quarantine: await operator.quarantineOf(jobExecutionId),
    partitions: await listedPartitions(operator, jobExecutionId, options.partitions),
  }))
  const { execution, actions, quarantine, partitions } = shown
  if (output.json) {
    const more = {
      partitions: partitions.overviews,
      partitionExecutions: partitions.executions.map(stepExecutionJson),
      operatorActions: actions,
      quarantine: quarantineJson(quarantine),
    }
    output.result(jsonLine({ ...executionDetailsJson(execution), ...more }))
  } else for (const line of detailLines(shown)) output.result(line)
  return 0
}

interface Shown {
  readonly execution: JobExecutionDetails
  readonly actions: readonly OperatorAction[]
  readonly quarantine: ExecutionQuarantine
  readonly partitions: ListedPartitions
}

function detailLines({ execution, actions, quarantine, partitions }: Shown): readonly string[] {
  const { owner, launch, createTime, startTime, endTime, exitStatus, stepExecutions } = execution
  const failed = partitions.executions.filter(({ status }) => status === 'FAILED')
  const told = [...stepExecutions, ...failed]
  const notes = [
    timesText({ created: createTime, started: startTime, ended: endTime }),
    owner === null ? 'made by Spring Batch' : `run by ${describeOwner(owner)}`,
    ...(launch === null ? [] : [`triggered by ${triggerText(launch.trigger)}, run by a ${launch.runner}`]),
    ...actions.map(({ action, by, at }) => `${action} by ${by} at ${at.toISOString()}`),
    ...quarantineLines(execution.id, quarantine),
  ]
  return [
    ...executionReport(execution, notes),
    ...partitionLines(partitions, new Date()),
    ...described('exit description', exitStatus.exitDescription),
    ...described('reconciled', reconciliationText(told)),
    ...described('execution context', contextText(execution.executionContext)),
    ...told.flatMap((step) => [
      ...(step.exitStatus.exitDescription === exitStatus.exitDescription
        ? []
        : described(`exit description of step ${step.stepName}`, step.exitStatus.exitDescription)),
      ...described(`execution context of step ${step.stepName}`, contextText(step.executionContext)),
    ]),
  ]
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
