/** Samples of steps: written by the statements that commit a chunk and end a step, and read back. */
import type { ReadProgress } from '../../core/ports/item-reader.ts'
import type { SampleMark, StepSample } from '../../core/ports/step-sample.ts'
import type { RunSql } from './fence.ts'
import type { TableNames } from './table-names.ts'

/**
 * CTEs behind `step`, whose step execution is $3 and whose counts are $5 to $12: the sample, with the numbers from `$first` on,
 * and those before it that are thinned out. Written only by the owner of the step's row, which is locked before.
 */
export function sampleSql(tables: TableNames, first: number): string {
  const [number, keepEvery, done, total, unit] = Array.from(
    { length: SAMPLE_VALUES },
    (_, index) => `$${first + index}`,
  )
  return `sampled as (
      insert into ${tables.sample} (step_execution_id, sample_number, sampled_at, read_count, write_count, filter_count,
        skip_count, commit_count, rollback_count, progress_done, progress_total, progress_unit)
        select $3, ${number}::bigint, clock_timestamp(), $5, $6, $7, $8 + $9 + $10, $11, $12, ${done}::double precision,
            ${total}::double precision, ${unit}::text
          from step where ${number}::bigint is not null
        on conflict do nothing
    ), thinned as (
      delete from ${tables.sample} where step_execution_id = $3 and ${keepEvery}::bigint > 1
        and sample_number % ${keepEvery}::bigint <> 0 and exists (select 1 from step)
    )`
}

export const SAMPLE_VALUES = 5

/** All null where nothing is to be sampled. */
export function sampleValues(mark: SampleMark | undefined): readonly unknown[] {
  const { done, total, unit } = mark?.progress ?? {}
  return [mark?.number, mark?.keepEvery, done, total, unit].map((value) => value ?? null)
}

interface SampleRow {
  readonly at: Date
  readonly readCount: string
  readonly writeCount: string
  readonly filterCount: string
  readonly skipCount: string
  readonly commitCount: string
  readonly rollbackCount: string
  readonly done: number | null
  readonly total: number | null
  readonly unit: ReadProgress['unit'] | null
}

export async function listSamples(
  run: RunSql,
  tables: TableNames,
  stepExecutionId: string,
): Promise<readonly StepSample[]> {
  const rows = await run<SampleRow>(
    `select sampled_at as "at", read_count as "readCount", write_count as "writeCount", filter_count as "filterCount",
        skip_count as "skipCount", commit_count as "commitCount", rollback_count as "rollbackCount",
        progress_done as "done", progress_total as "total", progress_unit as "unit"
      from ${tables.sample} where step_execution_id = $1 order by sample_number`,
    [stepExecutionId],
  )
  return rows.map(decodeSample)
}

function decodeSample({ at, done, total, unit, ...counts }: SampleRow): StepSample {
  return {
    at,
    readCount: Number(counts.readCount),
    writeCount: Number(counts.writeCount),
    filterCount: Number(counts.filterCount),
    skipCount: Number(counts.skipCount),
    commitCount: Number(counts.commitCount),
    rollbackCount: Number(counts.rollbackCount),
    progress: done === null || unit === null ? null : { done, unit, ...(total !== null && { total }) },
  }
}
