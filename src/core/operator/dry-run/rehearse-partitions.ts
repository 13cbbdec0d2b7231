/** Some partitions of a step, each as a step of its own, in this process. */
import type { JobScope } from '../../definition/callback-scope.ts'
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { boundStep } from '../../engine/chunk/bound-step.ts'
import { createContextDraft } from '../../engine/context-draft.ts'
import { settle } from '../../engine/first-error.ts'
import type { JobRun } from '../../engine/job-run.ts'
import { thrownText } from '../../model/error-description.ts'
import { type Partition, partitionStepName } from '../../model/partition.ts'
import type { DryRunStep } from './dry-run-report.ts'
import { rehearseStep } from './rehearse-step.ts'

/** Partitions are alike; whoever wants to see more of one narrows the partitioner by a parameter. */
const MOST_PARTITIONS = 3

/** Nothing is aggregated. */
export async function rehearsePartitions(
  run: JobRun,
  name: string,
  step: PartitionedStepDefinition,
  sample: number,
): Promise<readonly DryRunStep[]> {
  const planned = await settle(() => planOf(run, step))
  if ('error' in planned) {
    const reason = `its partitions could not be planned: ${thrownText(planned.error)}`
    return [{ kind: 'not run', name, reason, failed: true }]
  }
  const { first, count } = planned.value
  if (count === 0) return [{ kind: 'not run', name, reason: 'it has no partitions', failed: false }]
  const steps: DryRunStep[] = []
  for (const partition of first) {
    if (run.control.stop.aborted) break
    const chunk = boundStep(step.chunk, { partition })
    const rehearsed = await rehearseStep(run, partitionStepName(name, partition.name), chunk, sample)
    const note = `one of ${count} partitions, of which the first ${first.length} were tried`
    steps.push({ ...rehearsed, notes: [note, ...rehearsed.notes] })
  }
  return steps
}

async function planOf(
  run: JobRun,
  step: PartitionedStepDefinition,
): Promise<{ readonly first: readonly Partition[]; readonly count: number }> {
  const scope: JobScope<unknown> = {
    parameters: run.parameters,
    jobExecution: run.launched.execution,
    jobContext: createContextDraft(run.jobContext.values()),
    signal: run.control.abort,
    logger: run.logger,
    resources: run.repository.resources,
  }
  const first: Partition[] = []
  let count = 0
  for await (const partition of await step.partitions(scope)) {
    count += 1
    if (first.length < MOST_PARTITIONS) first.push(partition)
  }
  return { first, count }
}
