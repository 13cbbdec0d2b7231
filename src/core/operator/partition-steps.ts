/** Partitions as steps of their own, so that what they have quarantined can be redriven. */
import type { JobDefinition } from '../definition/define-job.ts'
import { boundStep } from '../engine/chunk/bound-step.ts'
import { PARTITION_PLAN_KEY } from '../model/execution-context.ts'
import { redriveBatchOf } from '../model/framework-parameters.ts'
import type { JobExecutionDetails } from '../model/job-execution.ts'
import { type Partition, PARTITION_SEPARATOR } from '../model/partition.ts'
import type { JobRepository } from '../ports/job-repository.ts'

/**
 * The job with a chunk step for each of `stepNames` that is a partition: `load:part1` does what the partitioned step `load` does
 * with that part of the plan with which the origin ran. Names that are none are left as they are.
 */
export async function withPartitionSteps(
  repository: JobRepository,
  job: JobDefinition,
  originJobExecutionId: string,
  stepNames: readonly string[],
): Promise<JobDefinition> {
  const steps = { ...job.steps }
  const values = new Map<string, ReadonlyMap<string, Partition>>()
  for (const name of stepNames) {
    const [managerName = '', ...rest] = name.split(PARTITION_SEPARATOR)
    const manager = job.steps[managerName]
    if (job.steps[name] !== undefined || manager?.kind !== 'partitioned') continue
    if (!values.has(managerName))
      values.set(managerName, await planOfOrigin(repository, originJobExecutionId, managerName))
    const partition = values.get(managerName)?.get(rest.join(PARTITION_SEPARATOR))
    if (partition !== undefined) steps[name] = boundStep(manager.chunk, { partition })
  }
  return { ...job, steps }
}

/** By partition name. A redrive has no plan; the execution whose items it redrove has. */
async function planOfOrigin(
  repository: JobRepository,
  jobExecutionId: string,
  stepName: string,
): Promise<ReadonlyMap<string, Partition>> {
  const origin = await repository.findJobExecution(jobExecutionId)
  if (origin === undefined) return new Map()
  const batchId = redriveBatchOf(origin)
  if (batchId !== undefined) {
    const batch = await repository.quarantine.findBatch(batchId)
    return batch === undefined ? new Map() : planOfOrigin(repository, batch.originJobExecutionId, stepName)
  }
  const planId = planIdOf(origin, stepName)
  if (planId === undefined) return new Map()
  const states = await repository.partitions.findPartitions(planId, jobExecutionId)
  return new Map(states.map(({ name, value }) => [name, { name, value }]))
}

function planIdOf({ stepExecutions }: JobExecutionDetails, stepName: string): string | undefined {
  const manager = stepExecutions.findLast((step) => step.stepName === stepName)
  if (manager?.executionContext.kind !== 'readable') return undefined
  const stored = manager.executionContext.values[PARTITION_PLAN_KEY] as { readonly plan: string } | undefined
  return stored?.plan
}
