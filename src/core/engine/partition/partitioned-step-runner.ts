/** The manager of a partitioned step: plan, workers, sums, aggregation, end. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { TASKLET_DONE_KEY } from '../../model/execution-context.ts'
import { combineExitStatus, type ExitStatus, exitStatus } from '../../model/exit-status.ts'
import type { OwnerIdentity } from '../../model/execution-owner.ts'
import { addCounts, NO_COUNTS } from '../../model/step-execution.ts'
import type { PartitionState } from '../../ports/partition-store.ts'
import { firstError, settle, unsettle } from '../first-error.ts'
import type { JobRun } from '../job-run.ts'
import { stoppedExitStatus } from '../run-control.ts'
import type { StepEnding } from '../step-execution-runner.ts'
import type { StepRun } from '../step-run.ts'
import { aggregatePartitions } from './aggregate-partitions.ts'
import { planOf } from './partition-plan.ts'
import { createPartitionTally } from './partition-tally.ts'
import { workOnPartitions } from './partition-worker.ts'
import { partitionsFailed } from './partitions-failed.ts'
import { runWorkerProcesses } from './worker-crew.ts'

/**
 * The step's counts are the sums over the partitions' executions in this job execution, whatever became of them. It is
 * complete when all partitions are, and their aggregation is committed.
 * @throws BatchError PARTITIONS_FAILED naming those that failed, WORKER_FAILED, INVALID_JOB_DEFINITION
 */
export async function runPartitionedStep(
  job: JobRun,
  run: StepRun,
  definition: PartitionedStepDefinition,
): Promise<StepEnding> {
  const done = run.ledger.context()[TASKLET_DONE_KEY] as Record<keyof ExitStatus, string> | undefined
  if (done !== undefined) return { status: 'COMPLETED', exitStatus: done }
  const { partitions: store } = job.repository
  const planId = await planOf(run, store, definition)
  const worked = await settle(() => work(job, run, definition, planId))
  const found = await settle(() => store.findPartitions(planId, job.launched.claim.jobExecutionId))
  if ('value' in found) takeSums(run, found.value)
  unsettle(firstError(worked, found, run.scope.logger))
  run.control.abort.throwIfAborted()
  return conclude(run, definition, unsettle(found))
}

async function work(
  job: JobRun,
  run: StepRun,
  definition: PartitionedStepDefinition,
  planId: string,
): Promise<void> {
  const { partitions: store } = job.repository
  const { claim } = job.launched
  const tally = await store.openPlan(claim, planId)
  if (tally.completed === tally.total || run.control.stop.aborted) return
  await run.session.rest?.() // its workers need connections; it only waits
  const watch = createPartitionTally(run, tally)
  const { stepName } = run
  const open = tally.total - tally.completed
  if (definition.options.processes > 0 && store.reach !== 'rehearsal') {
    await runWorkerProcesses({ job, stepName, planId, definition, watch, open })
    return
  }
  const workerId = await store.beginWorker(claim, ownerOf(job), null)
  const concurrency = Math.min(definition.options.concurrency, open)
  const draining = new AbortController().signal
  await workOnPartitions({ job, stepName, planId, workerId, definition, concurrency, watch, draining })
}

/** An execution of ours always has one. */
function ownerOf({ launched }: JobRun): OwnerIdentity {
  const { owner } = launched.execution
  if (owner === null) throw new Error(`job execution ${launched.execution.id} has no owner`)
  return owner
}

function takeSums(run: StepRun, states: readonly PartitionState[]): void {
  const sum = states.reduce((counts, { countsHere }) => addCounts(counts, countsHere), NO_COUNTS)
  run.ledger.committed(sum, { step: run.ledger.context(), job: run.ledger.jobContext() })
}

async function conclude(
  run: StepRun,
  definition: PartitionedStepDefinition,
  states: readonly PartitionState[],
): Promise<StepEnding> {
  const failed = states.filter(({ isOpen, last }) => !isOpen && last?.status === 'FAILED')
  if (failed.length > 0) throw partitionsFailed(run.stepName, states.length, failed)
  if (states.every(({ last }) => last?.status === 'COMPLETED')) return complete(run, definition, states)
  if (run.control.stop.aborted) return { status: 'STOPPED', exitStatus: stoppedExitStatus(run.control) }
  const left = states.filter(({ last }) => last?.status !== 'COMPLETED')
  throw new BatchError(
    'WORKER_FAILED',
    `Step ${run.stepName}: its workers have ended, and ${left.length} of ${states.length} partitions are not complete, ` +
      `${left[0]?.name} the first of them. A restart goes on with them.`,
    { details: { stepName: run.stepName, partitions: left.slice(0, 100).map(({ name }) => name) } },
  )
}

/** Exit codes of the partitions are combined as Spring does, so that one of an author's own reaches the flow. */
async function complete(
  run: StepRun,
  definition: PartitionedStepDefinition,
  states: readonly PartitionState[],
): Promise<StepEnding> {
  const combined = states
    .map(({ last }) => exitStatus(last?.exitStatus.exitCode ?? 'COMPLETED'))
    .reduce(combineExitStatus, exitStatus('COMPLETED'))
  if (definition.aggregate !== undefined)
    await aggregatePartitions(run, definition.aggregate, states, combined)
  return { status: 'COMPLETED', exitStatus: combined }
}
