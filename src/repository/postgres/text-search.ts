/** Finding executions by a text, as `isFoundBy` says: down the indexes of migration 0012, and written as those are. */
import { parameterPair } from '../../core/model/search-text.ts'
import type { TableNames } from './table-names.ts'
import { type Before, type Bind, type Search, type Way, wholeTable } from './execution-ways.ts'

/** What a search looks at of a parameter's value: the index holds no more. */
const INDEXED_CHARACTERS = 100

/** Values that begin with a text are gathered up to so many; where there are more, executions are gone through instead. */
const GATHERED = 50_000

/**
 * What the text finds is gathered first and then looked at newest first: the planner would take it to be spread evenly, and go through
 * all executions that are newer than the first one found. More than can be gathered is looked for in all executions.
 */
export function textSearch(tables: TableNames, text: string, bind: Bind, before: Before): Search {
  const { jobExecution, params } = tables
  const parameter = (condition: string): string =>
    `exists (select 1 from ${params} p where p.job_execution_id = e.job_execution_id
            and ${before('p.job_execution_id')} and ${condition})`
  const begins = beginsWith('p.parameter_value', text, bind)
  const pair = pairCondition(text, bind)
  const isPair = pair === undefined ? [] : [parameter(pair)]
  const query = `plainto_tsquery('simple', ${spaced(`${bind(text)}::text`)})`
  const gathered = '(select executions from gathered)'
  return {
    expressions: [
      `begun as materialized (select p.job_execution_id from ${params} p
        where ${begins} and ${before('p.job_execution_id')} limit ${GATHERED + 1})`,
      'gathered as materialized (select count(*) as executions from begun)',
      `worded as materialized (select w.job_execution_id from ${jobExecution} w
        where ${words('w.exit_message')} @@ ${query} and ${before('w.job_execution_id')})`,
    ],
    ways: [
      newestOf(tables, 'begun', `${gathered} <= ${GATHERED}`),
      wholeTable(tables, `${gathered} > ${GATHERED}`, parameter(begins)),
      newestOf(tables, 'worded'),
      ...isPair.map((condition) => wholeTable(tables, condition)),
    ],
    condition: `(${[parameter(begins), ...isPair, `${words('e.exit_message')} @@ ${query}`].join('\n            or ')})`,
  }
}

/** One by one, so that nothing but these is read. */
function newestOf({ jobExecution }: TableNames, found: string, ...conditions: readonly string[]): Way {
  return {
    id: 'found.id',
    from: `(select distinct job_execution_id as id from ${found} order by 1 desc) found
        cross join lateral (select * from ${jobExecution} x where x.job_execution_id = found.id offset 0) e`,
    conditions,
  }
}

function pairCondition(text: string, bind: Bind): string | undefined {
  const pair = parameterPair(text)
  if (pair === undefined) return undefined
  const beginning = `left(p.parameter_value, ${INDEXED_CHARACTERS}) = ${bind(beginningOf(pair.value))}`
  return `p.parameter_name = ${bind(pair.name)} and ${beginning} and p.parameter_value = ${bind(pair.value)}`
}

function beginsWith(column: string, text: string, bind: Bind): string {
  const beginning = beginningOf(text)
  const indexed = `left(${column}, ${INDEXED_CHARACTERS}) like ${bind(likePattern(beginning))}`
  return beginning === text ? indexed : `${indexed} and starts_with(${column}, ${bind(text)})`
}

/** Postgres counts code points. */
function beginningOf(text: string): string {
  return Array.from(text).slice(0, INDEXED_CHARACTERS).join('')
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
