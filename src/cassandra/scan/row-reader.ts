/** Makes items of the rows that are read, each with its place, and tells how far it has come. */
import type { RowValidation } from '../../core/model/row-validation.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import type { OpenedReader, Page, Position } from '../../core/ports/item-reader.ts'
import type { CassandraRow } from '../cassandra-client.ts'
import { troubleText } from '../cassandra-trouble.ts'
import { encodePosition } from '../read-checkpoint.ts'
import { positionOf, rowRefused, rowText } from '../read-fault.ts'
import type { ReadIdentity } from '../read-identity.ts'
import type { ReadPlan, ReadTarget } from '../read-plan.ts'
import type { OrderedRows } from './ordered-rows.ts'
import type { Place } from './read-span.ts'
import type { ReadRows } from './span-reading.ts'
import type { SpansToRead } from './spans-to-read.ts'

export interface RowReading {
  readonly plan: ReadPlan
  readonly target: ReadTarget
  readonly identity: ReadIdentity
  readonly spans: SpansToRead
  readonly rows: OrderedRows
  /** Rows read by earlier executions of this step. */
  readonly items: number
  readonly validate: RowValidation
  readonly signal: AbortSignal
}

export function rowReader<T>(reading: RowReading): Omit<OpenedReader<T>, 'close'> {
  const { spans, validate } = reading
  const itemOf = projection(reading.target)
  let page: ReadRows | undefined
  let used = 0
  let { items } = reading
  let last: Place | 'end' | undefined
  return {
    repeatable: true,
    read: async (limit) => {
      if (page === undefined || used === page.rows.length) {
        page = undefined
        page = await readPage(reading)
        used = 0
      }
      if (page === undefined) {
        last = 'end'
        return undefined
      }
      const { rows: all, placeOf } = page
      const first = used
      const count = Math.min(limit, all.length - first)
      const row = (index: number): CassandraRow => itemOf(all[first + index] as CassandraRow)
      const valid = await validate(count, row)
      const places = placesOf(reading, (index) => placeOf(first + index), items)
      const taken = valid.items.length + (valid.refused === undefined ? 0 : 1)
      used += taken
      items += taken
      last = placeOf(first + taken - 1)
      const read = { items: valid.items as readonly T[], ...places }
      if (valid.refused === undefined) return read
      const at = valid.items.length
      const position = places.positionOf(at)
      return {
        ...read,
        fault: {
          error: rowRefused(position, valid.refused),
          raw: rowText(reading.target.columns, row(at)),
          position,
          checkpointAfter: places.checkpointAfter(at),
        },
      }
    },
    progress: () => spans.progress(last),
  }
}

async function readPage({ rows, plan, signal }: RowReading): Promise<ReadRows | undefined> {
  try {
    return await rows.nextPage()
  } catch (cause) {
    if (signal.aborted || cause instanceof BatchError || !(cause instanceof Error)) throw cause
    throw new BatchError('READ_FAILED', `reading ${plan.description} failed: ${troubleText(cause)}`, {
      details: { source: plan.description },
      cause,
    })
  }
}

/** Without the columns of the key that were not asked for. */
function projection({ columns, selected }: ReadTarget): (row: CassandraRow) => CassandraRow {
  if (columns.length === selected.length) return (row) => row
  const names = columns.map(({ name }) => name)
  return (row) => Object.fromEntries(names.map((name) => [name, row[name] ?? null]))
}

function placesOf(
  { target, identity }: RowReading,
  placeOf: (index: number) => Place,
  before: number,
): Pick<Page<unknown>, 'checkpointAfter' | 'positionOf'> {
  return {
    checkpointAfter: (index) =>
      encodePosition(target, { items: before + index + 1, place: placeOf(index) }, identity),
    positionOf: (index): Position => positionOf(target.table, placeOf(index)),
  }
}
