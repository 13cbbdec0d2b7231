/** Reading executions in the middle of a launch: hand-written, because a launch must stay at a few statements. */
import { decodeFingerprint } from '../../core/model/definition-fingerprint.ts'
import type { JobExecution, JobExecutionSummary } from '../../core/model/job-execution.ts'
import type { PreviousStep } from '../../core/ports/launch.ts'
import type { ExecutionAtHand } from '../../core/ports/retirement.ts'
import { decodeContextColumns } from './context-columns.ts'
import type {
  ContextRow,
  CountColumns,
  HeartbeatRow,
  JobExecutionRow,
  LaunchRow,
  OwnerRow,
  ParameterRow,
  StepExecutionRow,
} from './entities.ts'
import type { RunSql } from './fence.ts'
import { decodeCounts, decodeStepExecution, decodeSummary } from './rows.ts'
import { decodeStepStatuses, stepStatusesSql } from './step-statuses.ts'
import { COUNT_KINDS, LIVE, OPEN } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

export interface FoundExecution extends ExecutionAtHand {
  /** Steps that look as if they still ran. */
  readonly runningSteps: number
}

type Course = Omit<JobExecutionRow, 'jobInstance' | 'context' | 'owner' | 'heartbeat' | 'launch'>
/** All of an execution but its context, as one row. */
export type FlatSummary = Course & {
  readonly [Key in keyof (OwnerRow & HeartbeatRow & LaunchRow)]:
    | (OwnerRow & HeartbeatRow & LaunchRow)[Key]
    | null
} & {
  readonly jobName: string
  readonly jobKey: string
  readonly leaseExpired: boolean | null
  readonly parameters: string
}

type FlatExecution = FlatSummary &
  ContextRow & {
    readonly runningSteps: string
    readonly openSteps: string
    readonly latestId: string
    readonly definition: string | null
    readonly stepStatuses: string | null
  }

export const COURSE = `e.version, e.status, e.exit_code as "exitCode", e.exit_message as "exitMessage",
      e.create_time as "createTime", e.start_time as "startTime", e.end_time as "endTime",
      e.last_updated as "lastUpdated"`
export const CONTEXT = `c.short_context as "shortContext", c.serialized_context as "serializedContext"`

/** Of the execution `e` and what {@link summaryJoins} joins to it. */
export function summaryColumns({ params }: TableNames): string {
  return `e.job_execution_id as "id", e.job_instance_id as "jobInstanceId", ${COURSE},
      i.job_name as "jobName", i.job_key as "jobKey",
      o.generation, o.host, o.pid, o.boot_id as "bootId", o.pid_namespace as "pidNamespace",
      o.process_start as "processStart", o.since,
      h.heartbeat_at as "heartbeatAt", h.lease_expires_at as "leaseExpiresAt",
      h.lease_expires_at <= clock_timestamp() as "leaseExpired",
      b.trigger_type as "triggerType", b.trigger_name as "triggerName", b.runner,
      (select coalesce(json_agg(json_build_object('name', p.parameter_name, 'type', p.parameter_type,
          'text', p.parameter_value, 'identifying', p.identifying)), '[]')::text
        from ${params} p where p.job_execution_id = e.job_execution_id) as "parameters"`
}

export function summaryJoins({ jobInstance, owner, heartbeat, launch }: TableNames): string {
  return `join ${jobInstance} i on i.job_instance_id = e.job_instance_id
    left join ${owner} o on o.job_execution_id = e.job_execution_id
    left join ${heartbeat} h on h.job_execution_id = e.job_execution_id
    left join ${launch} b on b.job_execution_id = e.job_execution_id`
}

/**
 * The instance's execution with the greatest id: one step down the index on (job_instance_id, job_execution_id), however
 * many there are. No locks: the instance row is locked already. Whether the lease has expired is judged by the server.
 */
export function latestExecution(
  run: RunSql,
  tables: TableNames,
  jobInstanceId: string,
): Promise<FoundExecution | undefined> {
  const latest = 'e.job_instance_id = $1 order by e.job_execution_id desc limit 1'
  return findExecution(run, tables, latest, jobInstanceId)
}

/** The same of one execution. */
export function executionById(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
): Promise<FoundExecution | undefined> {
  return findExecution(run, tables, 'e.job_execution_id = $1', jobExecutionId)
}

async function findExecution(
  run: RunSql,
  tables: TableNames,
  condition: string,
  id: string,
): Promise<FoundExecution | undefined> {
  const [row] = await run<FlatExecution>(
    `select ${summaryColumns(tables)}, ${CONTEXT},
      (select count(*) from ${tables.stepExecution} s where s.job_execution_id = e.job_execution_id
        and s.status in ${LIVE}) as "runningSteps",
      (select count(*) from ${tables.stepExecution} s where s.job_execution_id = e.job_execution_id
        and ${OPEN}) as "openSteps",
      (select max(l.job_execution_id) from ${tables.jobExecution} l
        where l.job_instance_id = e.job_instance_id) as "latestId",
      d.definition::text as "definition", ${stepStatusesSql(tables)} as "stepStatuses"
    from ${tables.jobExecution} e
    ${summaryJoins(tables)}
    left join ${tables.jobContext} c on c.job_execution_id = e.job_execution_id
    left join ${tables.definition} d on d.job_execution_id = e.job_execution_id
    where ${condition}`,
    [id],
  )
  if (row === undefined) return undefined
  const execution: JobExecution = {
    ...decodeFlatSummary(row),
    executionContext: decodeContextColumns(row),
  }
  return {
    execution,
    owner: execution.owner,
    definition: row.definition === null ? null : decodeFingerprint(row.definition),
    stepStatuses: decodeStepStatuses(row.stepStatuses),
    runningSteps: Number(row.runningSteps),
    openSteps: Number(row.openSteps),
    followedBy: row.latestId === row.id ? null : row.latestId,
  }
}

/** What a step reconciled at its end; null where it did not. Texts, as the driver gives a bigint. */
const RECONCILIATION = `case when r.step_execution_id is not null then json_build_object(
  'readCount', r.read_count::text, 'writeCount', r.write_count::text, 'filterCount', r.filter_count::text,
  'processSkipCount', r.process_skip_count::text, 'writeSkipCount', r.write_skip_count::text,
  'readSkipCount', r.read_skip_count::text, 'isBalanced', r.balanced) end`

/**
 * Each step's latest execution in the instance, how often it was begun, and its counts summed since it last completed.
 * Partitions are left to the step that has them. The latest is the one with the greatest id: Spring goes by CREATE_TIME, the wall clock of whatever zone wrote it.
 */
export async function previousSteps(
  run: RunSql,
  tables: TableNames,
  jobInstanceId: string,
): Promise<ReadonlyMap<string, PreviousStep>> {
  const rows = await run<PreviousStepRow>(
    `with steps as (
      select e.*, coalesce(max(e.step_execution_id) filter (where e.status = 'COMPLETED')
          over (partition by e.step_name), 0) as completed_id
        from ${tables.jobExecution} j
        join ${tables.stepExecution} e on e.job_execution_id = j.job_execution_id
        where j.job_instance_id = $1
          and not exists (select 1 from ${tables.partitionExecution} p where p.step_execution_id = e.step_execution_id)
    )
    select distinct on (e.step_name) e.step_execution_id as "id", e.job_execution_id as "jobExecutionId",
      e.step_name as "stepName", ${COURSE}, ${CONTEXT}, ${countColumns((column) => `e.${column}`, '')},
      o.job_execution_id is not null as "ours", bool_or(o.job_execution_id is null) over step as "withSpring",
      count(*) over step as "startCount", ${RECONCILIATION} as "reconciliation",
      ${countColumns((column) => `coalesce(sum(e.${column}) filter (where e.step_execution_id > e.completed_id) over step, 0)`, 'total')}
    from steps e
    left join ${tables.stepContext} c on c.step_execution_id = e.step_execution_id
    left join ${tables.owner} o on o.job_execution_id = e.job_execution_id
    left join ${tables.reconciliation} r on r.step_execution_id = e.step_execution_id
    window step as (partition by e.step_name)
    order by e.step_name, e.step_execution_id desc`,
    [jobInstanceId],
  )
  return new Map(rows.map((row) => [row.stepName, decodePreviousStep(row)]))
}

type PreviousStepRow = Omit<StepExecutionRow, 'context'> &
  ContextRow & {
    readonly ours: boolean
    readonly withSpring: boolean
    readonly startCount: string
  } & { readonly [Key in keyof CountColumns as `total${Key}`]: string }

function decodePreviousStep(row: PreviousStepRow): PreviousStep {
  const totals: CountColumns = {
    readCount: row.totalreadCount,
    writeCount: row.totalwriteCount,
    filterCount: row.totalfilterCount,
    readSkipCount: row.totalreadSkipCount,
    processSkipCount: row.totalprocessSkipCount,
    writeSkipCount: row.totalwriteSkipCount,
    commitCount: row.totalcommitCount,
    rollbackCount: row.totalrollbackCount,
  }
  return {
    last: decodeStepExecution({ ...row, context: row }),
    ours: row.ours,
    startCount: Number(row.startCount),
    counts: decodeCounts(totals),
    ...(row.withSpring && { withSpring: true }),
  }
}

/** Spring's eight counts, each as `expression` says, under the names of CountColumns behind the prefix. */
export function countColumns(expression: (column: string) => string, prefix: string): string {
  const camel = (kind: string): string => kind.replace(/_(.)/, (_, letter: string) => letter.toUpperCase())
  return COUNT_KINDS.map((kind) => `${expression(`${kind}_count`)} as "${prefix}${camel(kind)}Count"`).join(
    ', ',
  )
}

export function decodeFlatSummary(row: FlatSummary): JobExecutionSummary {
  const { jobInstanceId, jobName, jobKey } = row
  const parameters = JSON.parse(row.parameters) as Omit<ParameterRow, 'jobExecutionId'>[]
  const nested = {
    ...row,
    jobInstance: { id: jobInstanceId, jobName, jobKey },
    owner: row.generation === null ? null : (row as OwnerRow),
    heartbeat: row.heartbeatAt === null ? null : (row as HeartbeatRow),
    launch: row.runner === null ? null : (row as LaunchRow),
  }
  return decodeSummary(nested, parameters, row.leaseExpired ?? true)
}
