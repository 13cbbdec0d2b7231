/** Ways to come to executions, newest first, that stop as soon as a page is full. */
import type { TableNames } from './table-names.ts'

/** Gives a value's place in the statement. */
export type Bind = (value: unknown) => string

/** The condition on an id of executions that it is older than the page before; true on the first page. */
export type Before = (id: string) => string

/** One way to come to executions `e`, newest first by `id`; the conditions have to hold. */
export interface Way {
  readonly from: string
  readonly id: string
  readonly conditions: readonly string[]
}

/** What a part of a filter asks for: as ways that together come to all of it, or as a condition where few are looked at anyhow. */
export interface Search {
  /** Common table expressions that the ways need. */
  readonly expressions: readonly string[]
  readonly ways: readonly Way[]
  readonly condition: string
}

/** For conditions that the planner may begin with as it likes. */
export function wholeTable({ jobExecution }: TableNames, ...conditions: readonly string[]): Way {
  return { id: 'e.job_execution_id', from: `${jobExecution} e`, conditions }
}

/** Of a job with so many instances at most all executions are looked at. */
const FEW_INSTANCES = 10_000

/**
 * Executions of a job, which they do not name themselves: all of a job that has few. Of one that has many, all executions are gone
 * through until the page is full, which is soon, as long as the job still runs. The planner cannot tell a job that is over.
 */
export function jobSearch(tables: TableNames, jobName: string, bind: Bind, before: Before): Search {
  const { jobExecution, jobInstance } = tables
  const name = bind(jobName)
  const few = '(select instances from counted)'
  const condition = `exists (select 1 from ${jobInstance} i
            where i.job_instance_id = e.job_instance_id and i.job_name = ${name})`
  return {
    expressions: [
      `instances as materialized (select i.job_instance_id from ${jobInstance} i
        where i.job_name = ${name} limit ${FEW_INSTANCES + 1})`,
      'counted as materialized (select count(*) as instances from instances)',
    ],
    ways: [
      {
        id: 'e.job_execution_id',
        from: `instances cross join lateral (select * from ${jobExecution} x
          where x.job_instance_id = instances.job_instance_id and ${before('x.job_execution_id')} offset 0) e`,
        conditions: [`${few} <= ${FEW_INSTANCES}`],
      },
      wholeTable(tables, `${few} > ${FEW_INSTANCES}`, condition),
    ],
    condition,
  }
}
