/** The partitions' side of the Postgres job repository. */
import type { DataSource } from 'typeorm'
import type { PartitionStore } from '../../core/ports/partition-store.ts'
import { beatPatience } from './heartbeat.ts'
import type { BeatingThread } from './heartbeat-thread.ts'
import { autocommit } from './job-execution-updates.ts'
import { claimPartition } from './partition-claim.ts'
import { openPlan, storePlan } from './partition-plan.ts'
import { partitionOverviews } from './partition-lists.ts'
import { findPartitions, findPlanState } from './partition-rows.ts'
import { beatWorker, beginWorker, retireWorkers } from './partition-workers.ts'
import { duringOn, type LossOutcome } from './postgres-errors.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { listPartitionExecutions } from './queries.ts'
import { untilReachable } from './reconnect-step.ts'
import type { RepositoryAddress } from './repository-options.ts'
import type { SessionSource } from './session-source.ts'

/** Partitions at work hold a connection of `sessions` each; the rest is done on `metadata`. */
export function partitionStore(
  metadata: DataSource,
  sessions: SessionSource,
  address: RepositoryAddress,
  thread: BeatingThread | undefined,
): PartitionStore {
  const { tables } = address
  const run = autocommit(metadata)
  const during = duringOn(address)
  // What a manager does is as good twice as once, so a server that restarts is waited for.
  const managing = <T>(doing: string, outcome: LossOutcome, action: () => Promise<T>): Promise<T> =>
    during(doing, outcome, () => untilReachable(action))
  return {
    reach: 'any-process',
    storePlan: (transaction, planId, partitions) => storePlan(tables, transaction, planId, partitions),
    openPlan: (claim, planId) =>
      managing('opening the partitions of a step', 'unknown', () => openPlan(run, tables, claim, planId)),
    beginWorker: (claim, worker, lease) =>
      managing('registering a worker', 'unknown', () => beginWorker(run, tables, claim, worker, lease)),
    beatWorker: (claim, workerId, lease) =>
      during("renewing a worker's lease", 'unknown', () =>
        beatWorker(autocommit(metadata, beatPatience(lease)), tables, claim, workerId, lease),
      ),
    ...(thread === undefined ? {} : { keepWorkerBeating: thread.keepWorkerBeating }),
    claimPartition: (claim, from) => claimPartition({ source: sessions, address, claim }, from),
    retireWorkers: (claim, retirement) =>
      managing('giving up a worker', 'unknown', () => retireWorkers(run, tables, claim, retirement)),
    findPartitions: (planId, jobExecutionId) =>
      managing('looking up the partitions of a step', 'read', () =>
        findPartitions(run, tables, planId, jobExecutionId),
      ),
    findPlanState: (planId, jobExecutionId) =>
      managing('looking up the partitions of a step', 'read', () =>
        findPlanState(run, tables, planId, jobExecutionId),
      ),
    listPartitionOverviews: async (jobExecutionId) =>
      isRecordId(jobExecutionId)
        ? during('summing up partitions', 'read', () => partitionOverviews(run, tables, jobExecutionId))
        : [],
    listPartitionExecutions: (filter) =>
      during('listing the executions of partitions', 'read', () =>
        listPartitionExecutions(metadata, tables, filter),
      ),
  }
}
