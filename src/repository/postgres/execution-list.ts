/** Lists of executions, ours and Spring's alike: one statement each, whatever the filter and the size of the page. */
import { isBatchStatus, isLive, TROUBLED_STATUSES } from '../../core/model/batch-status.ts'
import type { JobExecutionSummary } from '../../core/model/job-execution.ts'
import type { ExecutionFilter, TriggerFilter } from '../../core/ports/job-repository.ts'
import { escapeLiteral } from 'pg'
import { type Before, type Bind, jobSearch, type Search, wholeTable } from './execution-ways.ts'
import type { RunSql } from './fence.ts'
import { decodeFlatSummary, type FlatSummary, summaryColumns, summaryJoins } from './job-execution-rows.ts'
import { isRecordId } from '../../core/model/record-id.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'
import { textSearch } from './text-search.ts'

/**
 * The ids of the page first, each alternative of the filter down an index of its own; then the rows of those only. No locks. The
 * conditions are written as the indexes of migration 0012 are.
 */
export async function listJobExecutions(
  run: RunSql,
  tables: TableNames,
  filter: ExecutionFilter,
): Promise<readonly JobExecutionSummary[]> {
  if (findsNothing(filter)) return []
  const values: unknown[] = []
  const bind: Bind = (value) => `$${values.push(value)}`
  const { expressions, ids } = pageSql(tables, filter, bind)
  const rows = await run<FlatSummary>(
    `with ${[...expressions, `page as materialized (${ids})`].join(',\n      ')}
    select ${summaryColumns(tables)}
    from page
    join ${tables.jobExecution} e on e.job_execution_id = page.job_execution_id
    ${summaryJoins(tables)}
    order by e.job_execution_id desc`,
    values,
  )
  return rows.map(decodeFlatSummary)
}

interface PageSql {
  readonly expressions: readonly string[]
  readonly ids: string
}

function pageSql(tables: TableNames, filter: ExecutionFilter, bind: Bind): PageSql {
  const limit = `desc limit ${bind(filter.limit)}`
  const last = filter.before === undefined ? undefined : bind(filter.before)
  const before = (id: string): string => (last === undefined ? 'true' : `${id} < ${last}`)
  const common = commonConditions(tables, filter, bind, before)
  const { expressions, ways } = waysTo(tables, filter, searchesOf(tables, filter, bind, before))
  const arms = ways.map(({ from, id, conditions }) => {
    const all = [before(id), ...common, ...conditions]
    return `(select ${id} as job_execution_id from ${from}
        where ${all.join('\n          and ')} order by ${id} ${limit})`
  })
  return {
    expressions,
    ids: `${arms.join('\n      union\n      ')} ${arms.length > 1 ? `order by job_execution_id ${limit}` : ''}`,
  }
}

/** The text first: it finds the fewest. */
function searchesOf(
  tables: TableNames,
  { text, jobName }: ExecutionFilter,
  bind: Bind,
  before: Before,
): readonly Search[] {
  return [
    ...(text === undefined ? [] : [textSearch(tables, text, bind, before)]),
    ...(jobName === undefined ? [] : [jobSearch(tables, jobName, bind, before)]),
  ]
}

/** Down the first search; the others, and all where few are looked at anyhow, are conditions. */
function waysTo(
  tables: TableNames,
  filter: ExecutionFilter,
  searches: readonly Search[],
): Omit<Search, 'condition'> {
  const [search, ...others] = isAmongFew(filter) ? [] : searches
  const all = searches.map(({ condition }) => condition)
  const rest = search === undefined ? all : others.map(({ condition }) => condition)
  const { expressions, ways } = search ?? { expressions: [], ways: [wholeTable(tables)] }
  const isTroubled = filter.attention === true ? troubledConditions(tables) : []
  return {
    expressions,
    ways: [
      ...ways.map((way) => ({ ...way, conditions: [...way.conditions, ...rest, ...isTroubled] })),
      ...(filter.attention === true ? [wholeTable(tables, ...staleConditions(tables), ...all)] : []),
    ],
  }
}

/** Where an index holds only what lives, or what belongs to the instance. */
function isAmongFew({ statuses, jobInstanceId }: ExecutionFilter): boolean {
  return jobInstanceId !== undefined || statuses?.every(isLive) === true
}

/** What cannot be compared, or is nobody's. */
function findsNothing({ jobInstanceId, before, text, statuses, ...filter }: ExecutionFilter): boolean {
  const ids = [jobInstanceId, before].filter((one) => one !== undefined)
  const words = [text, filter.jobName, filter.trigger?.name].filter((one) => one !== undefined)
  return (
    !ids.every(isRecordId) ||
    text === '' ||
    statuses?.length === 0 ||
    words.some((one) => one.includes('\u0000'))
  )
}

function commonConditions(
  tables: TableNames,
  filter: ExecutionFilter,
  bind: Bind,
  before: Before,
): readonly string[] {
  const { jobInstanceId, statuses, trigger, createdFrom, createdUntil } = filter
  const at = (time: Date): string => `${bind(time)}::timestamptz at time zone 'utc'`
  return [
    ...(jobInstanceId === undefined ? [] : [`e.job_instance_id = ${bind(jobInstanceId)}`]),
    ...(statuses === undefined ? [] : [`e.status in ${wordList(statuses)}`]),
    ...(createdFrom === undefined ? [] : [`e.create_time >= ${at(createdFrom)}`]),
    ...(createdUntil === undefined ? [] : [`e.create_time < ${at(createdUntil)}`]),
    ...(trigger === undefined ? [] : [triggerCondition(tables, trigger, bind, before)]),
  ]
}

/** As literals, so that the planner can tell that a partial index holds them all. */
function wordList(statuses: readonly string[]): string {
  return `(${statuses.filter(isBatchStatus).map(escapeLiteral).join(', ')})`
}

function triggerCondition(
  tables: TableNames,
  { type, name }: TriggerFilter,
  bind: Bind,
  before: Before,
): string {
  const named = name === undefined ? '' : ` and l.trigger_name = ${bind(name)}`
  return `exists (select 1 from ${tables.launch} l
            where l.job_execution_id = e.job_execution_id and ${before('l.job_execution_id')}
              and l.trigger_type = ${bind(type)}${named})`
}

/** Executions that have ended so that somebody has to look, each the latest of its instance. */
export function troubledConditions(tables: TableNames): readonly string[] {
  return [`e.status in ${wordList(TROUBLED_STATUSES)}`, latestCondition(tables)]
}

/** The same of those that nobody works on any more. */
export function staleConditions(tables: TableNames): readonly string[] {
  return [staleCondition(tables), latestCondition(tables)]
}

/** As a look down the index for each: the planner would else go through all executions to find those that are not. */
function latestCondition({ jobExecution }: TableNames): string {
  return `e.job_execution_id = (select max(later.job_execution_id) from ${jobExecution} later
            where later.job_instance_id = e.job_instance_id)`
}

export function staleCondition(tables: TableNames): string {
  return `e.status in ${LIVE} and exists (select 1 from ${tables.heartbeat} h
            where h.job_execution_id = e.job_execution_id and h.lease_expires_at <= clock_timestamp())`
}
