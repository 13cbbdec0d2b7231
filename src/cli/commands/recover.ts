/** `batchwright recover <executionId>` and `batchwright recover --stale` */
import type { JobExecution } from '../../core/model/job-execution.ts'
import type { Recovery } from '../../core/operator/execution-operations.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { executionReport } from '../execution-report.ts'
import { executionDetailsJson, executionJson } from '../../json/execution-json.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'

export async function recover(
  context: CommandContext,
  jobExecutionId: string,
  force: boolean,
): Promise<number> {
  const { output } = context
  const recovery = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.recover(jobExecutionId, { force }),
  )
  const { execution, recovered } = recovery
  if (output.json) output.result(jsonLine({ ...executionDetailsJson(execution), recovered }))
  else for (const line of executionReport(execution, [noteOf(recovery)])) output.result(line)
  return 0
}

function noteOf({ execution, recovered, reason }: Recovery): string {
  return recovered
    ? `recovered: ${reason}. To resume: batchwright restart ${execution.id}`
    : 'it has ended already; there was nothing to recover'
}

export async function recoverStale(context: CommandContext): Promise<number> {
  const { output } = context
  const recovered = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.recoverStale(),
  )
  if (output.json) for (const one of recovered) output.result(jsonLine(executionJson(one)))
  else if (recovered.length === 0) output.tell('no execution is stale')
  else for (const one of recovered) output.result(lineOf(one))
  return 0
}

function lineOf({ id, jobInstance, exitStatus }: JobExecution): string {
  return `Execution ${id} of job ${jobInstance.jobName} (instance ${jobInstance.id}): FAILED, ${exitStatus.exitDescription}`
}
