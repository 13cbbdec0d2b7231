/** The job repository in Postgres. */
import type { Pool } from 'pg'
import type { DataSource } from 'typeorm'
import type { JobEnd, JobRepository } from '../../core/ports/job-repository.ts'
import { type Claim, DEFAULT_LEASE_MILLISECONDS } from '../../core/ports/lease.ts'
import type { ResourceKey, Resources } from '../../core/ports/resource.ts'
import { DATA_SOURCE, ENTITY_MANAGER, PG_CLIENT, PG_POOL, PG_SESSIONS } from '../../postgres/resources.ts'
import { connect, type Connections } from './connect.ts'
import { eventStore } from './event-store.ts'
import type { RunSql } from './fence.ts'
import {
  autocommit,
  endJobExecution,
  hasEndedSo,
  requestStop,
  startJobExecution,
} from './job-execution-updates.ts'
import { beatPatience, heartbeat } from './heartbeat.ts'
import { type BeatingThread, beatingThread } from './heartbeat-thread.ts'
import { launch } from './launch.ts'
import { launchNext } from './launch-next.ts'
import { listOperatorActions, noteInterruption } from './operator-actions.ts'
import { launchOnce } from './launch-once.ts'
import { launchRedrive } from './launch-redrive.ts'
import { duringOn, isConnectionLoss } from './postgres-errors.ts'
import { quarantineStore } from './quarantine-store.ts'
import { listJobExecutions } from './execution-list.ts'
import { countDeaths, listInterrupted } from './lost-executions.ts'
import { listInstanceOverviews } from './instance-list.ts'
import { hourlyFigures } from './hourly-figures.ts'
import { typicalRun } from './typical-run.ts'
import { jobFacts } from './job-facts.ts'
import { jobStatistics } from './job-statistics.ts'
import { findJobExecution, listJobInstances } from './queries.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { partitionStore } from './partition-store.ts'
import {
  type PostgresRepositoryOptions,
  repositoryAddress,
  type RepositoryAddress,
} from './repository-options.ts'
import { listJobNames } from './job-names.ts'
import { purge } from './purge.ts'
import { openRehearsal } from './rehearsal.ts'
import { untilReachable } from './reconnect-step.ts'
import { scheduleStore } from './schedule-store.ts'
import { retire } from './retire.ts'
import { checkSchema, checkTables } from './schema-status.ts'
import { abandonStep } from './abandon-step.ts'
import { beginStep } from './begin-step-session.ts'
import type { TableNames } from './table-names.ts'
import { listSamples } from './step-samples.ts'
import { threadConnection } from './thread-connection.ts'
import { webhookStore } from './webhook-store.ts'

/**
 * Connects, and makes sure that the schema is the one this version works on; changes nothing.
 * @throws BatchError REPOSITORY_UNAVAILABLE, SCHEMA_OUTDATED (run `batchwright db migrate`), SCHEMA_REFUSED
 */
export async function postgresRepository(options: PostgresRepositoryOptions): Promise<JobRepository> {
  const address = repositoryAddress(options)
  const connections = await connect(options, address)
  try {
    await checkSchema(connections.metadata, address)
  } catch (error) {
    await connections.close()
    throw error
  }
  const connection = threadConnection(options)
  const thread = connection === undefined ? undefined : beatingThread(connection, address.tables)
  return {
    ...repositoryOn(connections, address, thread),
    leaseMilliseconds: options.leaseMilliseconds ?? DEFAULT_LEASE_MILLISECONDS,
  }
}

/** Without a thread, whoever runs an execution has to beat. */
function repositoryOn(
  { metadata, sessions, work, close }: Connections,
  address: RepositoryAddress,
  thread: BeatingThread | undefined,
): JobRepository {
  const { tables, server } = address
  const run = autocommit(metadata)
  const during = duringOn(address)
  const reading = <T>(doing: string, action: () => Promise<T>): Promise<T> => during(doing, 'read', action)
  return {
    description: `postgres ${server}, schema ${tables.schema}, prefix ${tables.prefix}`,
    checkTables: () => reading('checking the tables', () => checkTables(run, address)),
    resources: lentOutside(work, sessions.source),
    transactionHas: ({ id }) => id === PG_CLIENT.id || id === ENTITY_MANAGER.id,
    launch: (request) => launch(metadata, address, request),
    launchNext: (request) => launchNext(metadata, address, request),
    launchOnce: (request, key) => launchOnce(metadata, address, request, key),
    launchRedrive: (request) => launchRedrive(metadata, address, request),
    startJobExecution: (claim) =>
      during('starting a job execution', 'unknown', () =>
        // Doing it twice is as good as once.
        untilReachable(() => startJobExecution(run, tables, claim)),
      ),
    endJobExecution: (claim, end) =>
      during('ending a job execution', 'unknown', () => endForSure(run, tables, claim, end)),
    beginStep: (claim, begin) => beginStep({ source: sessions, address, claim }, begin),
    partitions: partitionStore(metadata, sessions, address, thread),
    abandonStep: (claim, stepExecutionId) =>
      during('abandoning a failed step', 'unknown', () => abandonStep(run, tables, claim, stepExecutionId)),
    heartbeat: (claim, leaseMilliseconds) =>
      during('renewing a lease', 'unknown', () => {
        const beat = autocommit(metadata, beatPatience(leaseMilliseconds))
        return heartbeat(beat, tables, claim, leaseMilliseconds)
      }),
    ...(thread === undefined ? {} : { keepBeating: thread.keepBeating }),
    findJobExecution: (id) =>
      reading('looking up a job execution', () => findJobExecution(metadata, tables, id)),
    requestStop: async (id, by) =>
      isRecordId(id) &&
      during('asking a job execution to stop', 'unknown', () => requestStop(run, tables, id, by)),
    noteInterruption: async (id, by) => {
      if (isRecordId(id))
        await during('noting an interruption', 'unknown', () => noteInterruption(run, tables, id, by))
    },
    listInterrupted: (except) =>
      reading('listing interrupted executions', () => listInterrupted(run, tables, except)),
    countDeaths: async (id) =>
      isRecordId(id) ? reading('counting deaths', () => countDeaths(run, tables, id)) : 0,
    retire: async (request) =>
      isRecordId(request.jobExecutionId) ? retire(metadata, address, request) : 'not-found',
    listOperatorActions: async (id) =>
      isRecordId(id) ? reading('listing who asked for what', () => listOperatorActions(run, tables, id)) : [],
    listSamples: async (id) =>
      isRecordId(id) ? reading('listing samples of a step', () => listSamples(run, tables, id)) : [],
    listJobExecutions: (filter) =>
      reading('listing job executions', () => listJobExecutions(run, tables, filter)),
    listJobInstances: (filter) => reading('listing job instances', () => listJobInstances(metadata, filter)),
    listInstanceOverviews: (filter) =>
      reading('listing job instances', () => listInstanceOverviews(run, tables, filter)),
    jobStatistics: (request) => reading('summing up executions', () => jobStatistics(run, tables, request)),
    hourlyFigures: (request) => reading('summing up hours', () => hourlyFigures(run, tables, request)),
    typicalRun: (jobName, executions) =>
      reading('summing up a job', () => typicalRun(run, tables, jobName, executions)),
    jobFacts: () => reading('summing up jobs', () => jobFacts(run, tables)),
    openRehearsal: () => during('opening a rehearsal', 'nothing-committed', () => openRehearsal(sessions)),
    quarantine: quarantineStore(run, tables, reading),
    schedules: scheduleStore(metadata, address, run),
    events: eventStore(address, run),
    webhooks: webhookStore(metadata, address, run),
    listJobNames: () => reading('listing the names of jobs', () => listJobNames(run, tables)),
    purge: (request) => purge(metadata, address, request),
    close: onlyOnce(async () => {
      await Promise.all([thread?.close(), close()])
    }),
  }
}

/** When the connection is lost, on a fresh one; an end that was written although its answer was lost is not written twice. */
async function endForSure(run: RunSql, tables: TableNames, claim: Claim, end: JobEnd): Promise<void> {
  try {
    await endJobExecution(run, tables, claim, end)
  } catch (error) {
    if (!isConnectionLoss(error)) throw error
    await untilReachable(async () => {
      if (!(await hasEndedSo(run, tables, claim, end))) await endJobExecution(run, tables, claim, end)
    })
  }
}

function lentOutside(work: DataSource, sessions: DataSource): Resources {
  return {
    find: <R>({ id }: ResourceKey<R>) => {
      if (id === PG_POOL.id) return poolOf(work) as R
      if (id === PG_SESSIONS.id) return poolOf(sessions) as R
      return id === DATA_SOURCE.id ? (work as R) : undefined
    },
  }
}

function poolOf({ driver }: DataSource): Pool {
  return (driver as unknown as { readonly master: Pool }).master
}

function onlyOnce(close: () => Promise<void>): () => Promise<void> {
  let closing: Promise<void> | undefined
  return () => (closing ??= close())
}
