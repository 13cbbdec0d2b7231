/** A worker: claims partitions one after the other, and runs each as the step execution that it is. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import type { ClaimedPartition } from '../../ports/partition-store.ts'
import type { RunObserver } from '../../ports/run-observer.ts'
import { chunkEnding } from '../chunk/chunk-ending.ts'
import { runChunkStep } from '../chunk/chunk-step-runner.ts'
import { readableValues } from '../context-draft.ts'
import type { JobRun } from '../job-run.ts'
import { runStepExecution } from '../step-execution-runner.ts'
import type { PartitionWatch } from './partition-tally.ts'

export interface PartitionWork {
  readonly job: JobRun
  /** The manager's. */
  readonly stepName: string
  readonly planId: string
  readonly workerId: string
  readonly definition: PartitionedStepDefinition
  readonly concurrency: number
  readonly watch: PartitionWatch
  /** Aborted when no further partition is to be begun. */
  readonly draining: AbortSignal
}

/**
 * Works on up to `concurrency` partitions at the same time, until none is open. A partition that fails is recorded as such, and
 * the others go on.
 * @throws what keeps partitions from being claimed or recorded: BatchError LEASE_LOST, REPOSITORY_UNAVAILABLE …
 */
export async function workOnPartitions(work: PartitionWork): Promise<void> {
  const drain = new AbortController()
  const draining = AbortSignal.any([work.draining, drain.signal])
  const lane = async () => {
    try {
      await claimInTurn({ ...work, draining }, () => drain.abort())
    } catch (error) {
      drain.abort() // the others finish what they have begun
      throw error
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: work.concurrency }, lane))
  const failed = lanes.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

async function claimInTurn(work: PartitionWork, failFast: () => void): Promise<void> {
  const { job, stepName, planId, workerId, definition, watch, draining } = work
  const { abort, stop } = job.control
  for (;;) {
    abort.throwIfAborted()
    if (stop.aborted || draining.aborted) return
    const { claim } = job.launched
    const claimed = await job.repository.partitions.claimPartition(claim, { planId, stepName, workerId })
    if (claimed === undefined) return
    const status = await runPartition(work, claimed)
    if (status === 'FAILED' && definition.options.failFast) failFast()
    watch.ended(status)
  }
}

async function runPartition(
  { job, stepName: manager, definition, watch }: PartitionWork,
  { partition, session, earlierCounts }: ClaimedPartition,
): Promise<'COMPLETED' | 'STOPPED' | 'FAILED'> {
  const { stepName, executionContext } = session.stepExecution
  const observer: RunObserver = {
    stepProgressed: (execution) => watch.progressed(execution.id, execution),
    chunkCommitted: (_execution, chunk) => watch.chunkCommitted(chunk),
    stepEnded: (execution) => watch.progressed(execution.id, execution),
  }
  const begun = {
    stepName,
    session,
    from: executionContext.kind === 'readable' ? executionContext.values : {},
    earlierCounts,
    listeners: definition.chunk.listeners,
    scope: { partition },
    partition: { stepName: manager, name: partition.name },
    changesJobContext: false,
  }
  const { execution } = await runStepExecution({ ...job, observer }, begun, async (run) => {
    const from = readableValues(
      executionContext,
      `step ${stepName} (step execution ${session.stepExecution.id})`,
    )
    return chunkEnding(run, await runChunkStep(run, definition.chunk, { from, begunBySpring: false }))
  })
  const { status } = execution
  return status === 'COMPLETED' || status === 'STOPPED' ? status : 'FAILED'
}
