/** Finding and listing what is recorded, ours and Spring's alike. */
import type { DataSource, ObjectLiteral, SelectQueryBuilder } from 'typeorm'
import { In } from 'typeorm'
import type { JobExecution, JobExecutionDetails } from '../../core/model/job-execution.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import type { StepExecution } from '../../core/model/step-execution.ts'
import type { InstanceFilter } from '../../core/ports/job-repository.ts'
import type { PartitionExecutionFilter } from '../../core/ports/partition-store.ts'
import {
  HeartbeatEntity,
  LaunchEntity,
  JobContextEntity,
  JobExecutionEntity,
  JobInstanceEntity,
  type JobExecutionRow,
  OwnerEntity,
  ParameterEntity,
  ReconciliationEntity,
  type ParameterRow,
  StepContextEntity,
  StepExecutionEntity,
  type StepExecutionRow,
} from './entities.ts'
import { autocommit } from './job-execution-updates.ts'
import { partitionExecutions } from './partition-lists.ts'
import { decodeJobExecution, decodeStepExecution } from './rows.ts'
import type { TableNames } from './table-names.ts'

export async function findJobExecution(
  source: DataSource,
  tables: TableNames,
  jobExecutionId: string,
): Promise<JobExecutionDetails | undefined> {
  if (!isRecordId(jobExecutionId)) return undefined
  const [execution] = await loadExecutions(
    source,
    executions(source).where('e.id = :jobExecutionId', { jobExecutionId }),
  )
  if (execution === undefined) return undefined
  const isPartition = `select 1 from ${tables.partitionExecution} x where x.step_execution_id = s.id`
  const own = steps(source).where('s.jobExecutionId = :jobExecutionId', { jobExecutionId })
  return {
    ...execution,
    stepExecutions: await loadSteps(own.andWhere(`not exists (${isPartition})`)),
  }
}

export async function listPartitionExecutions(
  source: DataSource,
  tables: TableNames,
  filter: PartitionExecutionFilter,
): Promise<readonly StepExecution[]> {
  const { jobExecutionId, after } = filter
  if (!isRecordId(jobExecutionId) || (after !== undefined && !isRecordId(after))) return []
  const partitions = await partitionExecutions(autocommit(source), tables, filter)
  if (partitions.size === 0) return []
  const loaded = await loadSteps(steps(source).where({ id: In([...partitions.keys()]) }))
  return loaded.flatMap((step) => {
    const partition = partitions.get(step.id)
    return partition === undefined ? [] : [{ ...step, partition }]
  })
}

function steps(source: DataSource): SelectQueryBuilder<ObjectLiteral> {
  return source
    .getRepository(StepExecutionEntity)
    .createQueryBuilder('s')
    .leftJoinAndMapOne('s.context', StepContextEntity.options.name, 'c', 'c.stepExecutionId = s.id')
    .leftJoinAndMapOne('s.reconciliation', ReconciliationEntity.options.name, 'r', 'r.stepExecutionId = s.id')
    .orderBy('s.id')
}

async function loadSteps(query: SelectQueryBuilder<ObjectLiteral>): Promise<readonly StepExecution[]> {
  const rows = (await query.getMany()) as StepExecutionRow[]
  return rows.map((row) => decodeStepExecution({ ...row, context: row.context ?? null }))
}

export async function listJobInstances(
  source: DataSource,
  { jobName, before, limit }: InstanceFilter,
): Promise<readonly JobInstance[]> {
  if (before !== undefined && !isRecordId(before)) return []
  const query = source
    .getRepository(JobInstanceEntity)
    .createQueryBuilder('i')
    .orderBy('i.id', 'DESC')
    .limit(limit)
  if (jobName !== undefined) query.andWhere('i.jobName = :jobName', { jobName })
  if (before !== undefined) query.andWhere('i.id < :before', { before })
  const rows = await query.getMany()
  return rows.map(({ id, jobName: name, jobKey }) => ({ id, jobName: name, jobKey }))
}

/** Each with what belongs to it once; parameters, of which there are many, come in a query of their own. */
function executions(source: DataSource): SelectQueryBuilder<JobExecutionRow> {
  return source
    .getRepository(JobExecutionEntity)
    .createQueryBuilder('e')
    .innerJoinAndMapOne('e.jobInstance', JobInstanceEntity.options.name, 'i', 'i.id = e.jobInstanceId')
    .leftJoinAndMapOne('e.context', JobContextEntity.options.name, 'c', 'c.jobExecutionId = e.id')
    .leftJoinAndMapOne('e.owner', OwnerEntity.options.name, 'o', 'o.jobExecutionId = e.id')
    .leftJoinAndMapOne('e.heartbeat', HeartbeatEntity.options.name, 'h', 'h.jobExecutionId = e.id')
    .leftJoinAndMapOne('e.launch', LaunchEntity.options.name, 'l', 'l.jobExecutionId = e.id')
    .addSelect('h.leaseExpiresAt <= clock_timestamp()', 'lease_expired')
}

async function loadExecutions(
  source: DataSource,
  query: SelectQueryBuilder<JobExecutionRow>,
): Promise<readonly JobExecution[]> {
  const { entities, raw } = await query.getRawAndEntities<{ lease_expired: boolean | null }>()
  if (entities.length === 0) return []
  const parameters = await source
    .getRepository(ParameterEntity)
    .findBy({ jobExecutionId: In(entities.map(({ id }) => id)) })
  const byExecution = groupByExecution(parameters)
  return entities.map((row, index) =>
    decodeJobExecution(withNulls(row), byExecution.get(row.id) ?? [], raw[index]?.lease_expired ?? true),
  )
}

/** TypeORM leaves a row that was not found undefined. */
function withNulls(row: JobExecutionRow): JobExecutionRow {
  const { context, owner, heartbeat, launch } = row
  return {
    ...row,
    context: context ?? null,
    owner: owner ?? null,
    heartbeat: heartbeat ?? null,
    launch: launch ?? null,
  }
}

function groupByExecution(rows: readonly ParameterRow[]): ReadonlyMap<string, readonly ParameterRow[]> {
  const groups = new Map<string, ParameterRow[]>()
  for (const row of rows) {
    const group = groups.get(row.jobExecutionId)
    if (group === undefined) groups.set(row.jobExecutionId, [row])
    else group.push(row)
  }
  return groups
}
