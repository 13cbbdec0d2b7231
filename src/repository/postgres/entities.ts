/** Spring's six tables and our side tables, as TypeORM knows them. The schema and the prefix are the data source's. */
import { EntitySchema, type EntitySchemaColumnOptions } from 'typeorm'

export interface JobInstanceRow {
  readonly id: string
  readonly jobName: string
  readonly jobKey: string
}

export interface ExitColumns {
  readonly status: string | null
  readonly exitCode: string | null
  readonly exitMessage: string | null
  readonly createTime: Date
  readonly startTime: Date | null
  readonly endTime: Date | null
  readonly lastUpdated: Date | null
  readonly version: string | null
}

export interface ContextRow {
  readonly shortContext: string
  readonly serializedContext: string | null
}

export interface OwnerRow {
  readonly generation: string
  readonly host: string
  readonly pid: number
  readonly bootId: string | null
  readonly pidNamespace: string | null
  readonly processStart: string | null
  readonly since: Date
}

export interface HeartbeatRow {
  readonly heartbeatAt: Date
  readonly leaseExpiresAt: Date
}

export interface LaunchRow {
  readonly triggerType: string
  readonly triggerName: string | null
  readonly runner: string
}

export interface ParameterRow {
  readonly jobExecutionId: string
  readonly name: string
  readonly type: string
  readonly text: string | null
  readonly identifying: string
}

export interface JobExecutionRow extends ExitColumns {
  readonly id: string
  readonly jobInstanceId: string
  readonly jobInstance: JobInstanceRow
  readonly context: ContextRow | null
  readonly owner: OwnerRow | null
  readonly heartbeat: HeartbeatRow | null
  readonly launch: LaunchRow | null
}

export interface CountColumns {
  readonly readCount: string | null
  readonly writeCount: string | null
  readonly filterCount: string | null
  readonly readSkipCount: string | null
  readonly processSkipCount: string | null
  readonly writeSkipCount: string | null
  readonly commitCount: string | null
  readonly rollbackCount: string | null
}

export interface ReconciliationRow {
  readonly readCount: string
  readonly writeCount: string
  readonly filterCount: string
  readonly processSkipCount: string
  readonly writeSkipCount: string
  readonly readSkipCount: string
  readonly isBalanced: boolean
}

export interface StepExecutionRow extends ExitColumns, CountColumns {
  readonly id: string
  readonly jobExecutionId: string
  readonly stepName: string
  readonly context: ContextRow | null
  /** Undefined where there is none, or where it was not asked for. */
  readonly reconciliation?: ReconciliationRow
}

const bigint = (name: string): EntitySchemaColumnOptions => ({ type: 'bigint', name, nullable: true })
const text = (name: string): EntitySchemaColumnOptions => ({ type: 'varchar', name, nullable: true })
const time = (name: string): EntitySchemaColumnOptions => ({ type: 'timestamp', name, nullable: true })
const instant = (name: string): EntitySchemaColumnOptions => ({ type: 'timestamptz', name })
const id = (name: string): EntitySchemaColumnOptions => ({ type: 'bigint', name, primary: true })

const exitColumns = {
  version: bigint('version'),
  status: text('status'),
  exitCode: text('exit_code'),
  exitMessage: text('exit_message'),
  createTime: time('create_time'),
  startTime: time('start_time'),
  endTime: time('end_time'),
  lastUpdated: time('last_updated'),
}

const contextColumns = {
  shortContext: text('short_context'),
  serializedContext: { type: 'text', name: 'serialized_context', nullable: true },
} as const

export const JobInstanceEntity: EntitySchema<JobInstanceRow> = new EntitySchema<JobInstanceRow>({
  name: 'JobInstance',
  tableName: 'job_instance',
  columns: { id: id('job_instance_id'), jobName: text('job_name'), jobKey: text('job_key') },
})

export const JobContextEntity: EntitySchema<ContextRow & { jobExecutionId: string }> = new EntitySchema<
  ContextRow & { jobExecutionId: string }
>({
  name: 'JobContext',
  tableName: 'job_execution_context',
  columns: { jobExecutionId: id('job_execution_id'), ...contextColumns },
})

export const StepContextEntity: EntitySchema<ContextRow & { stepExecutionId: string }> = new EntitySchema<
  ContextRow & { stepExecutionId: string }
>({
  name: 'StepContext',
  tableName: 'step_execution_context',
  columns: { stepExecutionId: id('step_execution_id'), ...contextColumns },
})

export const ReconciliationEntity: EntitySchema<ReconciliationRow & { stepExecutionId: string }> =
  new EntitySchema<ReconciliationRow & { stepExecutionId: string }>({
    name: 'Reconciliation',
    tableName: 'step_reconciliation',
    columns: {
      stepExecutionId: id('step_execution_id'),
      readCount: bigint('read_count'),
      writeCount: bigint('write_count'),
      filterCount: bigint('filter_count'),
      processSkipCount: bigint('process_skip_count'),
      writeSkipCount: bigint('write_skip_count'),
      readSkipCount: bigint('read_skip_count'),
      isBalanced: { type: 'boolean', name: 'balanced' },
    },
  })

/** The table has no key; names are unique within an execution. */
export const ParameterEntity: EntitySchema<ParameterRow> = new EntitySchema<ParameterRow>({
  name: 'Parameter',
  tableName: 'job_execution_params',
  columns: {
    jobExecutionId: id('job_execution_id'),
    name: { type: 'varchar', name: 'parameter_name', primary: true },
    type: text('parameter_type'),
    text: text('parameter_value'),
    identifying: { type: 'char', name: 'identifying' },
  },
})

export const OwnerEntity: EntitySchema<OwnerRow & { jobExecutionId: string }> = new EntitySchema<
  OwnerRow & { jobExecutionId: string }
>({
  name: 'Owner',
  tableName: 'job_execution_owner',
  columns: {
    jobExecutionId: id('job_execution_id'),
    generation: bigint('generation'),
    host: text('host'),
    pid: { type: 'integer', name: 'pid' },
    bootId: text('boot_id'),
    pidNamespace: text('pid_namespace'),
    processStart: text('process_start'),
    since: instant('since'),
  },
})

export const HeartbeatEntity: EntitySchema<HeartbeatRow & { jobExecutionId: string }> = new EntitySchema<
  HeartbeatRow & { jobExecutionId: string }
>({
  name: 'Heartbeat',
  tableName: 'job_execution_heartbeat',
  columns: {
    jobExecutionId: id('job_execution_id'),
    heartbeatAt: instant('heartbeat_at'),
    leaseExpiresAt: instant('lease_expires_at'),
  },
})

export const LaunchEntity: EntitySchema<LaunchRow & { jobExecutionId: string }> = new EntitySchema<
  LaunchRow & { jobExecutionId: string }
>({
  name: 'Launch',
  tableName: 'job_execution_launch',
  columns: {
    jobExecutionId: id('job_execution_id'),
    triggerType: text('trigger_type'),
    triggerName: text('trigger_name'),
    runner: text('runner'),
  },
})

const BackendEntity: EntitySchema<{ stepExecutionId: string }> = new EntitySchema<{
  stepExecutionId: string
}>({
  name: 'Backend',
  tableName: 'step_execution_backend',
  columns: { stepExecutionId: id('step_execution_id') },
})

export const JobExecutionEntity: EntitySchema<JobExecutionRow> = new EntitySchema<JobExecutionRow>({
  name: 'JobExecution',
  tableName: 'job_execution',
  columns: { id: id('job_execution_id'), jobInstanceId: bigint('job_instance_id'), ...exitColumns },
})

export const StepExecutionEntity: EntitySchema<StepExecutionRow> = new EntitySchema<StepExecutionRow>({
  name: 'StepExecution',
  tableName: 'step_execution',
  columns: {
    id: id('step_execution_id'),
    jobExecutionId: bigint('job_execution_id'),
    stepName: text('step_name'),
    readCount: bigint('read_count'),
    writeCount: bigint('write_count'),
    filterCount: bigint('filter_count'),
    readSkipCount: bigint('read_skip_count'),
    processSkipCount: bigint('process_skip_count'),
    writeSkipCount: bigint('write_skip_count'),
    commitCount: bigint('commit_count'),
    rollbackCount: bigint('rollback_count'),
    ...exitColumns,
  },
})

export const ENTITIES: readonly EntitySchema[] = [
  JobInstanceEntity,
  JobExecutionEntity,
  ParameterEntity,
  JobContextEntity,
  StepExecutionEntity,
  StepContextEntity,
  ReconciliationEntity,
  OwnerEntity,
  HeartbeatEntity,
  LaunchEntity,
  BackendEntity,
] as readonly EntitySchema[]
