/** The rows of a new execution. */
import { EMPTY_CONTEXT, type StoredContext } from '../../core/model/execution-context.ts'
import type { JobExecution } from '../../core/model/job-execution.ts'
import type { JobInstance } from '../../core/model/job-instance.ts'
import type { JobParameters } from '../../core/model/job-parameters.ts'
import type { LaunchKey, LaunchTerms } from '../../core/ports/launch.ts'
import type { Claim } from '../../core/ports/lease.ts'
import { storedContextColumns } from './context-columns.ts'
import type { ParameterColumns } from './parameter-columns.ts'
import { requesterColumn } from './operator-actions.ts'
import { UTC_NOW } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

const FIRST_GENERATION = '1'

/** Execution, parameters, context, owner, heartbeat, who asked, the definition and the trigger, in one statement; times are the server's. */
export function insertExecutionSql(tables: TableNames): string {
  return `with execution as (
      insert into ${tables.jobExecution}
        (job_execution_id, version, job_instance_id, create_time, status, exit_code, exit_message, last_updated)
        select nextval(${tables.jobExecutionSeq}), 0, $1, now.at, 'STARTING', 'UNKNOWN', '', now.at
          from (select ${UTC_NOW} as at) now
        returning job_execution_id, create_time
    ), params as (
      insert into ${tables.params}
        (job_execution_id, parameter_name, parameter_type, parameter_value, identifying)
        select execution.job_execution_id, one.*
          from execution, unnest($2::text[], $3::text[], $4::text[], $5::text[]) one
    ), context as (
      insert into ${tables.jobContext} (job_execution_id, short_context, serialized_context)
        select job_execution_id, $6, $7 from execution
    ), owner as (
      insert into ${tables.owner}
        (job_execution_id, generation, host, pid, boot_id, pid_namespace, process_start, since)
        select job_execution_id, ${FIRST_GENERATION}, $8, $9, $10, $11, $12, clock_timestamp() from execution
        returning since
    ), heartbeat as (
      insert into ${tables.heartbeat} (job_execution_id, heartbeat_at, lease_expires_at)
        select job_execution_id, clock_timestamp(), clock_timestamp() + $13::float8 * interval '1 millisecond'
          from execution
        returning heartbeat_at, lease_expires_at
    ), noted as (
      insert into ${tables.action} (job_execution_id, action, requested_at, requested_by)
        select job_execution_id, 'launch', clock_timestamp(), $14 from execution
    ), definition as (
      insert into ${tables.definition} (job_execution_id, definition)
        select job_execution_id, $15::jsonb from execution
    ), launch as (
      insert into ${tables.launch}
        (job_execution_id, trigger_type, trigger_name, runner, caller, launch_key, request_hash)
        select job_execution_id, $16, $17, $18, $19, $20, $21 from execution
    )
    select execution.job_execution_id as "id", create_time as "createTime", since, heartbeat_at as "heartbeatAt",
      lease_expires_at as "leaseExpiresAt"
      from execution, owner, heartbeat`
}

/** What a new execution is recorded with; the key, where it was launched with one. */
export interface KeyedTerms extends LaunchTerms {
  readonly key?: LaunchKey
}

export function insertExecutionValues(
  instance: JobInstance,
  parameters: ParameterColumns,
  context: StoredContext,
  { owner, leaseMilliseconds, by, definition, facts, key }: KeyedTerms,
): readonly unknown[] {
  const { shortContext, serializedContext } = storedContextColumns(context)
  return [
    instance.id,
    parameters.names,
    parameters.types,
    parameters.texts,
    parameters.identifying,
    shortContext,
    serializedContext,
    owner.host,
    owner.pid,
    owner.bootId,
    owner.pidNamespace,
    owner.processStart,
    leaseMilliseconds,
    requesterColumn(by),
    JSON.stringify(definition),
    facts.trigger.type,
    facts.trigger.name,
    facts.runner,
    requesterColumn(key?.caller ?? null),
    key?.key,
    key?.requestHash,
  ]
}

export interface InsertedExecution {
  readonly id: string
  readonly createTime: Date
  readonly since: Date
  readonly heartbeatAt: Date
  readonly leaseExpiresAt: Date
}

export function newJobExecution(
  row: InsertedExecution,
  jobInstance: JobInstance,
  { parameters, owner, facts }: LaunchTerms & { readonly parameters: JobParameters },
  executionContext: StoredContext = EMPTY_CONTEXT,
): JobExecution {
  return {
    id: row.id,
    jobInstance,
    jobParameters: parameters,
    status: 'STARTING',
    exitStatus: { exitCode: 'UNKNOWN', exitDescription: '' },
    createTime: row.createTime,
    startTime: null,
    endTime: null,
    lastUpdated: row.createTime,
    version: 0,
    executionContext,
    owner: {
      ...owner,
      since: row.since,
      generation: FIRST_GENERATION,
      heartbeatAt: row.heartbeatAt,
      leaseExpiresAt: row.leaseExpiresAt,
      leaseExpired: false,
    },
    launch: facts,
  }
}

export function claimOf({ id }: InsertedExecution): Claim {
  return { jobExecutionId: id, generation: FIRST_GENERATION }
}
