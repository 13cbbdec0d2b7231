/** Lists of executions, ours and Spring's alike: one statement each, whatever the filter and the size of the page. */
import { isBatchStatus, TROUBLED_STATUSES } from '../../core/model/batch-status.ts'
import type { JobExecutionSummary } from '../../core/model/job-execution.ts'
import { parameterPair } from '../../core/model/search-text.ts'
import type { ExecutionFilter } from '../../core/ports/job-repository.ts'
import { escapeLiteral } from 'pg'
import type { RunSql } from './fence.ts'
import { decodeFlatSummary, type FlatSummary, summaryColumns, summaryJoins } from './job-execution-rows.ts'
import { isId } from './queries.ts'
import { LIVE } from './sql-words.ts'
import type { TableNames } from './table-names.ts'

/** What a search looks at of a parameter's value: the index holds no more. */
const INDEXED_CHARACTERS = 100

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
  const bind = (value: unknown): string => `$${values.push(value)}`
  const limit = `order by job_execution_id desc limit ${bind(filter.limit)}`
  const common = commonConditions(tables, filter, bind)
  const arms = alternatives(tables, filter, bind).map(
    (conditions) =>
      `(select e.job_execution_id from ${tables.jobExecution} e
        where ${[...common, ...conditions, 'true'].join('\n          and ')} ${limit})`,
  )
  const rows = await run<FlatSummary>(
    `with page as materialized (${arms.join('\n      union\n      ')} ${arms.length > 1 ? limit : ''})
    select ${summaryColumns(tables)}
    from page
    join ${tables.jobExecution} e on e.job_execution_id = page.job_execution_id
    ${summaryJoins(tables)}
    order by e.job_execution_id desc`,
    values,
  )
  return rows.map(decodeFlatSummary)
}

/** What cannot be compared, or is nobody's. */
function findsNothing({ jobInstanceId, before, text, statuses, ...filter }: ExecutionFilter): boolean {
  const ids = [jobInstanceId, before].filter((one) => one !== undefined)
  const words = [text, filter.jobName, filter.trigger?.name].filter((one) => one !== undefined)
  return (
    !ids.every(isId) || text === '' || statuses?.length === 0 || words.some((one) => one.includes('\u0000'))
  )
}

type Bind = (value: unknown) => string

function commonConditions(tables: TableNames, filter: ExecutionFilter, bind: Bind): readonly string[] {
  const { jobName, jobInstanceId, statuses, before, trigger, createdFrom, createdUntil } = filter
  const at = (time: Date): string => `${bind(time)}::timestamptz at time zone 'utc'`
  return [
    ...(before === undefined ? [] : [`e.job_execution_id < ${bind(before)}`]),
    ...(jobInstanceId === undefined ? [] : [`e.job_instance_id = ${bind(jobInstanceId)}`]),
    ...(jobName === undefined
      ? []
      : [
          `e.job_instance_id in (select i.job_instance_id from ${tables.jobInstance} i where i.job_name = ${bind(jobName)})`,
        ]),
    ...(statuses === undefined ? [] : [`e.status in ${wordList(statuses)}`]),
    ...(createdFrom === undefined ? [] : [`e.create_time >= ${at(createdFrom)}`]),
    ...(createdUntil === undefined ? [] : [`e.create_time < ${at(createdUntil)}`]),
    ...(trigger === undefined ? [] : [triggerCondition(tables, trigger, bind)]),
  ]
}

/** As literals, so that the planner can tell that a partial index holds them all. */
function wordList(statuses: readonly string[]): string {
  return `(${statuses.filter(isBatchStatus).map(escapeLiteral).join(', ')})`
}

function triggerCondition(
  tables: TableNames,
  { type, name }: NonNullable<ExecutionFilter['trigger']>,
  bind: Bind,
): string {
  const named = name === undefined ? '' : ` and l.trigger_name = ${bind(name)}`
  return `exists (select 1 from ${tables.launch} l
            where l.job_execution_id = e.job_execution_id and l.trigger_type = ${bind(type)}${named})`
}

/** Lists of conditions, one of which has to hold in full. */
function alternatives(
  tables: TableNames,
  { attention, text }: ExecutionFilter,
  bind: Bind,
): readonly (readonly string[])[] {
  const troubles = attention === true ? attentionConditions(tables) : [[]]
  const finds = text === undefined ? [[]] : textConditions(tables, text, bind)
  return troubles.flatMap((trouble) => finds.map((find) => [...trouble, ...find]))
}

/** Executions that nobody works on any more, or that have ended so, each the latest of its instance. */
export function attentionConditions(tables: TableNames): readonly (readonly string[])[] {
  const isLatest = `not exists (select 1 from ${tables.jobExecution} later
            where later.job_instance_id = e.job_instance_id and later.job_execution_id > e.job_execution_id)`
  return [
    [`e.status in ${wordList(TROUBLED_STATUSES)}`, isLatest],
    [staleCondition(tables), isLatest],
  ]
}

export function staleCondition(tables: TableNames): string {
  return `e.status in ${LIVE} and exists (select 1 from ${tables.heartbeat} h
            where h.job_execution_id = e.job_execution_id and h.lease_expires_at <= clock_timestamp())`
}

function textConditions(tables: TableNames, text: string, bind: Bind): readonly (readonly string[])[] {
  const pair = parameterPair(text)
  return [
    [parameterCondition(tables, `${beginsWith('p.parameter_value', text, bind)}`)],
    ...(pair === undefined
      ? []
      : [
          [
            parameterCondition(
              tables,
              `p.parameter_name = ${bind(pair.name)} and ${equals('p.parameter_value', pair.value, bind)}`,
            ),
          ],
        ]),
    [`${words('e.exit_message')} @@ plainto_tsquery('simple', ${spaced(`${bind(text)}::text`)})`],
  ]
}

function parameterCondition(tables: TableNames, condition: string): string {
  return `exists (select 1 from ${tables.params} p where p.job_execution_id = e.job_execution_id and ${condition})`
}

function beginsWith(column: string, text: string, bind: Bind): string {
  const beginning = `left(${column}, ${INDEXED_CHARACTERS}) like ${bind(likePattern(firstOf(text)))}`
  return isIndexed(text) ? beginning : `${beginning} and starts_with(${column}, ${bind(text)})`
}

function equals(column: string, value: string, bind: Bind): string {
  const beginning = `left(${column}, ${INDEXED_CHARACTERS}) = ${bind(firstOf(value))}`
  return `${beginning} and ${column} = ${bind(value)}`
}

/** Postgres counts code points. */
function firstOf(text: string): string {
  return Array.from(text).slice(0, INDEXED_CHARACTERS).join('')
}

function isIndexed(text: string): boolean {
  return firstOf(text) === text
}

function likePattern(text: string): string {
  return `${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`
}

function words(column: string): string {
  return `to_tsvector('simple', ${spaced(column)})`
}

/** Nothing but letters and digits, so that no word is taken for a host, a path or a mail address. */
function spaced(text: string): string {
  return `regexp_replace(${text}, '[^[:alnum:]]+', ' ', 'g')`
}
