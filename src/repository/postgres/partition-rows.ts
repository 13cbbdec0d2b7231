/** What has become of the partitions of a step: of each, and in sums. */
import { NO_COUNTS } from '../../core/model/step-execution.ts'
import { NAMED_PARTITIONS, type PartitionState, type PlanState } from '../../core/ports/partition-store.ts'
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
    left join (
      select x.ordinal, ${sums('total')}, ${sums('here', 'filter (where s.job_execution_id = $2)')}
        from ${tables.partitionExecution} x
        join ${tables.stepExecution} s on s.step_execution_id = x.step_execution_id
        where x.plan_id = $1 group by x.ordinal
    ) t on t.ordinal = p.ordinal
    where p.plan_id = $1 order by p.ordinal`,
    [planId, jobExecutionId],
  )
  return rows.map(decodePartition)
}

function sums(prefix: 'total' | 'here', which = ''): string {
  return countColumns((column) => `sum(s.${column}) ${which}`, prefix)
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

interface PlanRow extends Prefixed<'total'>, Prefixed<'here'> {
  readonly total: string
  readonly failed: string
  readonly failedNames: string[] | null
  readonly firstReason: string | null
  readonly incomplete: string
  readonly incompleteNames: string[] | null
  readonly exitCodes: string[] | null
}

/** No locks. */
export async function findPlanState(
  run: RunSql,
  tables: TableNames,
  planId: string,
  jobExecutionId: string,
): Promise<PlanState> {
  const named = (condition: string) =>
    `array(select name from parts where ${condition} order by ordinal limit ${NAMED_PARTITIONS})`
  const failed = `not "isOpen" and status = 'FAILED'`
  const incomplete = `status is distinct from 'COMPLETED'`
  const [row] = await run<PlanRow>(
    `with parts as materialized (
      select p.ordinal, p.name, p.status = 'STARTING' as "isOpen", p.step_execution_id, e.status, e.exit_code
        from ${tables.partition} p
        left join ${tables.stepExecution} e on e.step_execution_id = p.step_execution_id
        where p.plan_id = $1
    ), states as (
      select count(*) as "total", count(*) filter (where ${failed}) as "failed",
        count(*) filter (where ${incomplete}) as "incomplete", array_agg(distinct exit_code) as "exitCodes"
        from parts
    ), sums as (
      select ${sums('total')}, ${sums('here', 'filter (where s.job_execution_id = $2)')}
        from ${tables.partitionExecution} x
        join ${tables.stepExecution} s on s.step_execution_id = x.step_execution_id
        where x.plan_id = $1
    )
    select states.*, sums.*, ${named(failed)} as "failedNames", ${named(incomplete)} as "incompleteNames",
      (select e.exit_message from parts join ${tables.stepExecution} e using (step_execution_id)
        where not "isOpen" and parts.status = 'FAILED' order by ordinal limit 1) as "firstReason"
      from states cross join sums`,
    [planId, jobExecutionId],
  )
  return row === undefined ? NO_PARTITIONS : decodePlan(row)
}

const NO_PARTITIONS: PlanState = {
  total: 0,
  failed: { count: 0, names: [], firstReason: '' },
  incomplete: { count: 0, names: [] },
  exitCodes: [],
  counts: NO_COUNTS,
  countsHere: NO_COUNTS,
}

function decodePlan(row: PlanRow): PlanState {
  return {
    total: Number(row.total),
    failed: {
      count: Number(row.failed),
      names: row.failedNames ?? [],
      firstReason: row.firstReason ?? '',
    },
    incomplete: { count: Number(row.incomplete), names: row.incompleteNames ?? [] },
    exitCodes: (row.exitCodes ?? []).filter((code) => code !== null),
    counts: prefixedCounts(row, 'total'),
    countsHere: prefixedCounts(row, 'here'),
  }
}

function prefixedCounts(
  row: Prefixed<'total'> & Prefixed<'here'>,
  prefix: 'total' | 'here',
): ReturnType<typeof decodeCounts> {
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
