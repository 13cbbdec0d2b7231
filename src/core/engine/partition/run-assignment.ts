/** What a worker process does: registers, keeps its lease, works on partitions until none is open. */
import type { JobDefinition } from '../../definition/define-job.ts'
import { parseRecordedParameters } from '../../definition/recorded-parameters.ts'
import { BatchError } from '../../model/batch-error.ts'
import type { OwnerIdentity } from '../../model/execution-owner.ts'
import type { Clock } from '../../ports/clock.ts'
import type { JobRepository } from '../../ports/job-repository.ts'
import type { Tracing } from '../../ports/tracing.ts'
import type { Logger } from '../../ports/logger.ts'
import type { WorkerAssignment } from '../../ports/worker-processes.ts'
import type { PartitionedStepDefinition } from '../../definition/step-definition.ts'
import { executionLogger } from '../execution-logger.ts'
import type { JobRun } from '../job-run.ts'
import { keepLease } from '../lease-keeper.ts'
import { heedStopRequest, type RunControl } from '../run-control.ts'
import { createSharedContext } from '../shared-context.ts'
import { createStepHistory } from '../step-history.ts'
import type { PartitionWatch } from './partition-tally.ts'
import { workOnPartitions } from './partition-worker.ts'

export interface AssignmentRun {
  readonly assignment: WorkerAssignment
  readonly job: JobDefinition
  readonly repository: JobRepository
  readonly logger: Logger
  readonly clock: Clock
  readonly tracing?: Tracing
  readonly identity: OwnerIdentity
  readonly control: RunControl
  readonly draining: AbortSignal
  readonly onBegan: (workerId: string) => void
  readonly watch: PartitionWatch
}

/** @throws BatchError LEASE_LOST when the execution, or this worker's share of it, belongs to others by now; and as workOnPartitions */
export async function runAssignment(run: AssignmentRun): Promise<void> {
  const { assignment, repository, control, watch, draining } = run
  const { claim, leaseMilliseconds, stepName, planId, concurrency } = assignment
  const definition = partitionedStep(run.job, stepName)
  const job = await jobRunOf(run)
  const workerId = await repository.partitions.beginWorker(claim, run.identity, leaseMilliseconds)
  run.onBegan(workerId)
  const lease = keepLease({
    repository: beatingAs(repository, workerId),
    claim,
    leaseMilliseconds,
    logger: job.logger,
    onLost: control.requestAbort,
    onStatus: (jobStatus) => heedStopRequest(control, jobStatus),
  })
  try {
    await workOnPartitions({ job, stepName, planId, workerId, definition, concurrency, watch, draining })
  } finally {
    await lease.close()
  }
}

/** The same repository, whose heartbeat is that of the worker: the execution's own is its owner's. */
function beatingAs(repository: JobRepository, workerId: string): JobRepository {
  const { keepBeating: _, ...others } = repository
  const { beatWorker, keepWorkerBeating } = repository.partitions
  return {
    ...others,
    heartbeat: (claim, lease) => beatWorker(claim, workerId, lease),
    ...(keepWorkerBeating && {
      keepBeating: (claim, lease, listener) => keepWorkerBeating(claim, workerId, lease, listener),
    }),
  }
}

/** The worker's project may be another than the manager's, where a deployment came in between. */
function partitionedStep(job: JobDefinition, stepName: string): PartitionedStepDefinition {
  const step = job.steps[stepName]
  if (step?.kind === 'partitioned') return step
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `The job ${job.name} that the worker process has loaded has no partitioned step ${stepName}: it is another project, or another ` +
      'version of it, than that of the process that runs the job.',
    { details: { jobName: job.name, stepName } },
  )
}

async function jobRunOf({
  job,
  assignment,
  repository,
  logger,
  clock,
  control,
  tracing,
}: AssignmentRun): Promise<JobRun> {
  const { execution, jobContext, claim, leaseMilliseconds, acceptChanges, traceContext } = assignment
  const { values } = await parseRecordedParameters(job.name, job.parameters, execution.jobParameters)
  return {
    job,
    parameters: values,
    launched: { execution, claim, restartOf: null, recovered: null, previousSteps: new Map() },
    repository,
    leaseMilliseconds,
    clock,
    jobContext: createSharedContext(jobContext),
    history: createStepHistory(new Map()),
    acceptChanges,
    control,
    observer: {},
    ...(tracing && {
      spans: { begin: (start) => tracing.begin(start, traceContext), context: () => traceContext },
    }),
    logger: executionLogger(logger, { job: job.name, execution: execution.id }),
  }
}
