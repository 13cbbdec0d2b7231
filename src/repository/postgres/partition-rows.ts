/** What has become of the partitions of a step. */
import { NO_COUNTS, type PartitionExecution } from '../../core/model/step-execution.ts'
import type { PartitionState } from '../../core/ports/partition-store.ts'
import type { ContextRow, CountColumns, StepExecutionRow } from './entities.ts'
import type { RunSql } from './fence.ts'
import { CONTEXT, countColumns, COURSE } from './job-execution-rows.ts'
import { decodePartitionValue } from './partition-plan.ts'
import { decodeCounts, decodeStepExecution } from './rows.ts'
import type { TableNames } from './table-names.ts'

type Prefixed<Prefix extends string> = {
  readonly [Key in keyof CountColumns as `${Prefix}${Key}`]: string | null
}

type PartitionRow = Omit<StepExecutionRow, 'id' | 'context'> &
  ContextRow &
  Prefixed<'total'> &
  Prefixed<'here'> & {
    readonly id: string | null
    readonly name: string
    readonly value: string
    readonly isOpen: boolean
  }

/** In the order of the plan: the latest execution of each, and its counts over all of them. No locks. */
export async function findPartitions(
  run: RunSql,
  tables: TableNames,
  planId: string,
  jobExecutionId: string,
): Promise<readonly PartitionState[]> {
  const rows = await run<PartitionRow>(
    `select p.name, p.value, p.status = 'STARTING' as "isOpen", e.step_execution_id as "id", e.job_execution_id as "jobExecutionId",
      e.step_name as "stepName", ${COURSE}, ${CONTEXT}, ${countColumns((column) => `e.${column}`, '')}, t.*
    from ${tables.partition} p
    left join ${tables.stepExecution} e on e.step_execution_id = p.step_execution_id
    left join ${tables.stepContext} c on c.step_execution_id = e.step_execution_id
    left join lateral (
      select ${countColumns((column) => `sum(s.${column})`, 'total')},
        ${countColumns((column) => `sum(s.${column}) filter (where s.job_execution_id = $2)`, 'here')}
        from ${tables.partitionExecution} x
        join ${tables.stepExecution} s on s.step_execution_id = x.step_execution_id
        where x.plan_id = p.plan_id and x.ordinal = p.ordinal
    ) t on true
    where p.plan_id = $1 order by p.ordinal`,
    [planId, jobExecutionId],
  )
  return rows.map(decodePartition)
}

function decodePartition(row: PartitionRow): PartitionState {
  const { id } = row
  const last = id === null ? null : decodeStepExecution({ ...row, id, context: row })
  return {
    name: row.name,
    value: decodePartitionValue(row.value),
    isOpen: row.isOpen,
    last,
    counts: last === null ? NO_COUNTS : prefixedCounts(row, 'total'),
    countsHere: last === null ? NO_COUNTS : prefixedCounts(row, 'here'),
  }
}

function prefixedCounts(row: PartitionRow, prefix: 'total' | 'here'): ReturnType<typeof decodeCounts> {
  return decodeCounts({
    readCount: row[`${prefix}readCount`],
    writeCount: row[`${prefix}writeCount`],
    filterCount: row[`${prefix}filterCount`],
    readSkipCount: row[`${prefix}readSkipCount`],
    processSkipCount: row[`${prefix}processSkipCount`],
    writeSkipCount: row[`${prefix}writeSkipCount`],
    commitCount: row[`${prefix}commitCount`],
    rollbackCount: row[`${prefix}rollbackCount`],
  })
}

interface WhoseRow {
  readonly id: string
  readonly stepName: string
  readonly name: string
  readonly host: string | null
  readonly pid: number | null
}

/** By step execution: which of them are partitions, and who works on them. No locks. */
export async function partitionExecutions(
  run: RunSql,
  tables: TableNames,
  jobExecutionId: string,
): Promise<ReadonlyMap<string, PartitionExecution>> {
  const rows = await run<WhoseRow>(
    `select s.step_execution_id as "id", m.step_name as "stepName", p.name, w.host, w.pid
      from ${tables.stepExecution} s
      join ${tables.partitionExecution} x on x.step_execution_id = s.step_execution_id
      join ${tables.partition} p on p.plan_id = x.plan_id and p.ordinal = x.ordinal
      join ${tables.stepExecution} m on m.step_execution_id = p.plan_id
      left join ${tables.partitionWorker} w on w.worker_id = x.worker_id
      where s.job_execution_id = $1`,
    [jobExecutionId],
  )
  return new Map(
    rows.map(({ id, stepName, name, host, pid }) => [
      id,
      { stepName, name, worker: host === null || pid === null ? null : { host, pid } },
    ]),
  )
}
