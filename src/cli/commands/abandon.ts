/** `batchwright abandon <executionId>` */
import { type CommandContext, projectOf } from '../command-context.ts'
import { executionReport } from '../execution-report.ts'
import { executionDetailsJson } from '../../json/execution-json.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'

export async function abandon(context: CommandContext, jobExecutionId: string): Promise<number> {
  const { output } = context
  const execution = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.abandon(jobExecutionId),
  )
  const note = `instance ${execution.jobInstance.id} is never started again`
  if (output.json) output.result(jsonLine(executionDetailsJson(execution)))
  else for (const line of executionReport(execution, [note])) output.result(line)
  return 0
}
