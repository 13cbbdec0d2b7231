/** `batchwright explain <job> [k=v …]` */
import type { PartitionedStepExplanation, StepExplanation } from '../../core/operator/explain-job.ts'
import type { CommandContext } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { givenJob } from '../given-job.ts'
import { countText, durationText } from '../quantity-text.ts'

export async function explain(
  context: CommandContext,
  jobName: string,
  words: readonly string[],
  options: { readonly params?: string },
): Promise<number> {
  const { output } = context
  const { project, jobs, texts } = await givenJob(context, jobName, { words, file: options.params })
  const explained = await withBatch(context, project, jobs, async ({ repository, operator }) => ({
    repository: repository.description,
    steps: await operator.explain(jobName, texts),
  }))
  if (output.json) output.result(jsonLine({ jobName, ...explained }))
  else {
    output.result(`${jobName}, recorded in ${explained.repository}`)
    for (const line of explained.steps.flatMap(stepLines)) output.result(line)
  }
  return 0
}

function stepLines(step: StepExplanation, index: number): readonly string[] {
  const title = `${index + 1}. ${step.name}`
  if (step.kind === 'tasklet') return ['', `${title}: tasklet`, `   ${step.meaning}`]
  if (step.kind === 'job') return ['', `${title}: job ${step.jobName}`, `   ${step.meaning}`]
  const chunks = chunksText(step)
  return [
    '',
    step.kind === 'chunk' ? `${title}: ${chunks}` : `${title}: ${partitionsText(step)}, ${chunks}`,
    `   reads   ${step.reader}`,
    `   writes  ${step.writer}`,
    `   ${step.guarantee}: ${step.meaning}`,
  ]
}

/** `chunks of 1000, at most 1,000,000 bytes, at most 500 ms after their first item` */
function chunksText({
  chunkSize,
  maxBytes,
  maxMilliseconds,
}: Extract<StepExplanation, { readonly chunkSize: number }>): string {
  const limits = [
    `chunks of ${chunkSize}`,
    ...(maxBytes === null ? [] : [`at most ${countText(maxBytes)} bytes`]),
    ...(maxMilliseconds === null ? [] : [`at most ${durationText(maxMilliseconds)} after their first item`]),
  ]
  return limits.join(', ')
}

/** `8 partitions, 4 at a time by 2 worker processes` */
function partitionsText({ partitions, concurrency, processes }: PartitionedStepExplanation): string {
  const by = processes === 0 ? '' : ` by ${processes} worker processes`
  return `${partitions} partitions, ${concurrency} at a time${by}`
}
