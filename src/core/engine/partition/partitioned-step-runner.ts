/** The manager of a partitioned step: plan, workers, sums, aggregation, end. */
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { BatchError } from '../../model/batch-error.ts'
import { TASKLET_DONE_KEY } from '../../model/execution-context.ts'
import { combineExitStatus, type ExitStatus, exitStatus } from '../../model/exit-status.ts'
import type { OwnerIdentity } from '../../model/execution-owner.ts'
import type { PartitionState, PlanState } from '../../ports/partition-store.ts'
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
import { judgeSkips, skipsLeft } from './skips-of-all.ts'
import { runWorkerProcesses } from './worker-crew.ts'

/**
 * The step's counts are the sums over the partitions' executions in this job execution, whatever became of them. It is
 * complete when all partitions are, no more is skipped than the step may, and their aggregation is committed.
 * @throws BatchError PARTITIONS_FAILED naming those that failed, SKIP_LIMIT_EXCEEDED, WORKER_FAILED, INVALID_JOB_DEFINITION
 */
export async function runPartitionedStep(
  job: JobRun,
  run: StepRun,
  definition: PartitionedStepDefinition,
): Promise<StepEnding> {
  const done = run.ledger.context()[TASKLET_DONE_KEY] as Record<keyof ExitStatus, string> | undefined
  if (done !== undefined) return { status: 'COMPLETED', exitStatus: done }
  const { partitions: store } = job.repository
  const { jobExecutionId } = job.launched.claim
  const planId = await planOf(run, store, definition)
  const worked = await settle(() => work(job, run, definition, planId))
  const found = await settle(() => store.findPlanState(planId, jobExecutionId))
  if ('value' in found)
    run.ledger.committed(found.value.countsHere, { step: run.ledger.context(), job: run.ledger.jobContext() })
  unsettle(firstError(worked, found, run.scope.logger))
  run.control.abort.throwIfAborted()
  const state = unsettle(found)
  judge(run, definition, state)
  if (state.incomplete.count === 0) {
    const find = () => store.findPartitions(planId, jobExecutionId)
    return complete(run, definition, state, find)
  }
  if (run.control.stop.aborted) return { status: 'STOPPED', exitStatus: stoppedExitStatus(run.control) }
  throw leftBehind(run, state)
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
  const limit = await skipsLeft(run, definition, () => store.findPlanState(planId, claim.jobExecutionId))
  await run.session.rest?.() // its workers need connections; it only waits
  const draining = new AbortController()
  const watch = createPartitionTally(run, tally, { skips: limit, passed: () => draining.abort() })
  const { stepName, span } = run
  const working: JobRun = span === undefined ? job : { ...job, spans: span }
  const open = tally.total - tally.completed
  if (definition.options.processes > 0 && store.reach !== 'rehearsal') {
    await runWorkerProcesses({
      job: working,
      logger: run.scope.logger,
      stepName,
      planId,
      definition,
      watch,
      open,
      draining,
    })
    return
  }
  const workerId = await store.beginWorker(claim, ownerOf(job), null)
  const concurrency = Math.min(definition.options.concurrency, open)
  const worker = { workerId, concurrency, draining: draining.signal }
  await workOnPartitions({ job: working, stepName, planId, definition, watch, ...worker })
}

/** An execution of ours always has one. */
function ownerOf({ launched }: JobRun): OwnerIdentity {
  const { owner } = launched.execution
  if (owner === null) throw new Error(`job execution ${launched.execution.id} has no owner`)
  return owner
}

function judge(run: StepRun, definition: PartitionedStepDefinition, state: PlanState): void {
  if (state.failed.count > 0) throw partitionsFailed(run.stepName, state)
  judgeSkips(run, definition, state)
}

function leftBehind({ stepName }: StepRun, { total, incomplete: { count, names } }: PlanState): BatchError {
  return new BatchError(
    'WORKER_FAILED',
    `Step ${stepName}: its workers have ended, and ${count} of ${total} partitions are not complete, ` +
      `${names[0]} the first of them. A restart goes on with them.`,
    { details: { stepName, partitions: names } },
  )
}

/** Exit codes of the partitions are combined as Spring does, so that one of an author's own reaches the flow. */
async function complete(
  run: StepRun,
  { aggregate }: PartitionedStepDefinition,
  { exitCodes }: PlanState,
  find: () => Promise<readonly PartitionState[]>,
): Promise<StepEnding> {
  const combined = exitCodes
    .map((code): ExitStatus => exitStatus(code))
    .reduce(combineExitStatus, exitStatus('COMPLETED'))
  if (aggregate !== undefined) await aggregatePartitions(run, aggregate, await find(), combined)
  return { status: 'COMPLETED', exitStatus: combined }
}
