/** `batchwright stop <executionId>` */
import { describeOwner } from '../../core/model/execution-owner.ts'
import type { JobExecutionDetails } from '../../core/model/job-execution.ts'
import type { JobOperator } from '../../core/operator/job-operator.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { executionReport } from '../execution-report.ts'
import { WAIT_RAN_OUT } from '../../core/operator/exit-code.ts'
import { executionDetailsJson } from '../../json/execution-json.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'

/** Without `patienceSeconds` it is only asked for. */
export async function stop(
  context: CommandContext,
  jobExecutionId: string,
  patienceSeconds: number | undefined,
): Promise<number> {
  const { output } = context
  return withBatch(context, await projectOf(context), [], async ({ operator }) => {
    const asked = await operator.stop(jobExecutionId)
    output.tell(whoSeesIt(asked))
    const ended = patienceSeconds === undefined ? asked : await endWithin(operator, asked, patienceSeconds)
    const execution = ended ?? (await operator.findJobExecution(jobExecutionId))
    if (output.json) output.result(jsonLine(executionDetailsJson(execution)))
    else for (const line of executionReport(execution, [])) output.result(line)
    return ended === undefined ? WAIT_RAN_OUT : 0
  })
}

function whoSeesIt({ id, owner }: JobExecutionDetails): string {
  const who = owner === null ? 'the process of Spring Batch that runs it' : describeOwner(owner)
  return `execution ${id} is asked to stop: ${who} sees it at its next commit or heartbeat`
}

/** Undefined when it has not ended by then. */
async function endWithin(
  operator: JobOperator,
  { id }: JobExecutionDetails,
  patienceSeconds: number,
): Promise<JobExecutionDetails | undefined> {
  const patience = new AbortController()
  const timer =
    patienceSeconds === Infinity ? undefined : setTimeout(() => patience.abort(), patienceSeconds * 1000)
  try {
    return await operator.waitForEnd(id, { signal: patience.signal })
  } catch (error) {
    if (patience.signal.aborted) return undefined
    throw error
  } finally {
    clearTimeout(timer)
  }
}
