/** Turns batches of records into pages of items; a record that is broken ends its page and is named. */
import type { Checkpoint } from '../core/model/json-value.ts'
import type { Page, ReadFault } from '../core/ports/item-reader.ts'
import { encodeCheckpoint } from './delimited-checkpoint.ts'
import type { DelimitedPlan } from './delimited-plan.ts'
import type { DelimitedRecords, RecordBatch } from './delimited-records.ts'
import type { FileIdentity } from './input-identity.ts'
import type { Prefix } from './prefix-hash.ts'
import {
  encodingFault,
  fieldCountFault,
  malformedFault,
  schemaFault,
  thrownFault,
  type FaultPlace,
} from './row-fault.ts'
import type { RowMaker } from './row-maker.ts'
import { schemaValidation, withoutSchema, type ValidatedRows } from '../core/model/row-validation.ts'

export interface PageInput {
  readonly plan: DelimitedPlan
  readonly records: DelimitedRecords
  readonly make: RowMaker
  /** Of a whole record. */
  readonly fieldCount: number
  readonly identity: FileIdentity
  /** What stands before the first record. */
  readonly before: Prefix
}

/** Fewer would be scanned in vain when pages are small: what a page leaves of a batch, the next page begins with. */
const LEAST_BATCH = 256

export interface PageReading<T> {
  readonly read: (limit: number) => Promise<Page<T> | undefined>
  /** Bytes of the source before the first record that was not handed over; undefined before the first page. */
  readonly offset: () => number | undefined
}

export function pageReading<T>(input: PageInput): PageReading<T> {
  const { plan, records, make } = input
  const validate = plan.schema ? schemaValidation(plan.schema) : withoutSchema
  let batch: RecordBatch | undefined
  let next = 0
  let before = input.before

  const read: PageReading<T>['read'] = async (limit) => {
    if (batch === undefined || next === batch.count) {
      batch = await records.next(Math.max(limit, LEAST_BATCH))
      next = 0
    }
    if (batch === undefined) return undefined
    const { scanned, text } = batch
    const first = next
    const whole = wholeRecords(batch, first, limit, input.fieldCount)
    const rows = await validate(whole, (index) => make(scanned, text as string, first + index))
    next += rows.items.length
    const broken = rows.refused !== undefined || (next < batch.count && rows.items.length < limit)
    const checkpoints = checkpointsOf(input, batch, first, rows.items.length, before)
    before = checkpoints.prefix
    const page = pageOf<T>(batch, first, rows, checkpoints, plan.file)
    if (!broken) return page
    before = batch.prefixAfter(next)
    const fault = faultOf(batch, next, rows, input, before)
    next++
    return { ...page, fault }
  }
  const offset = () => (batch === undefined || next === 0 ? undefined : batch.placeAfter(next - 1).offset)
  return { read, offset }
}

/** How many records from `first` on can be made into rows, at most `limit`. */
function wholeRecords(
  { scanned, text, count }: RecordBatch,
  first: number,
  limit: number,
  fieldCount: number,
): number {
  if (text === undefined) return 0
  const whole = scanned.malformed ? count - 1 : count
  const end = Math.min(whole, first + limit)
  let record = first
  while (record < end && scanned.fieldCounts[record] === fieldCount) record++
  return record - first
}

interface PageCheckpoints {
  /** Of everything up to the end of the last item. */
  readonly prefix: Prefix
  readonly after: (index: number) => Checkpoint
}

/** The bytes are hashed now: they may be gone when a checkpoint is asked for. That of an item in the middle has the page's beginning. */
function checkpointsOf(
  { identity }: PageInput,
  batch: RecordBatch,
  first: number,
  count: number,
  before: Prefix,
): PageCheckpoints {
  const prefix = count === 0 ? before : batch.prefixAfter(first + count - 1)
  const placeAfter = batch.placesAfter(first, count)
  const after = (index: number) =>
    encodeCheckpoint(placeAfter(index), { identity, prefix: index === count - 1 ? prefix : before })
  return { prefix, after }
}

function faultOf(
  batch: RecordBatch,
  record: number,
  rows: ValidatedRows,
  input: PageInput,
  prefix: Prefix,
): ReadFault {
  const place = { file: input.plan.file, line: batch.scanned.recordLines[record] as number }
  return {
    error: errorOf(batch, record, rows, input, place),
    raw: batch.rawOf(record),
    position: { ...place },
    checkpointAfter: encodeCheckpoint(batch.placeAfter(record), { identity: input.identity, prefix }),
    ...(batch.text === undefined && { isLossy: true }),
  }
}

function errorOf(
  batch: RecordBatch,
  record: number,
  { refused }: ValidatedRows,
  input: PageInput,
  place: FaultPlace,
): Error {
  const { scanned, text } = batch
  if (refused && 'issues' in refused)
    return schemaFault(place, refused.issues, input.make(scanned, text as string, record))
  if (refused) return thrownFault(place, refused.thrown)
  if (text === undefined) return encodingFault(place, input.plan.encoding.name)
  const { malformed, fieldCounts } = scanned
  if (malformed && record === batch.count - 1)
    return malformedFault(place, malformed.kind, malformed.quoteLine)
  return fieldCountFault(place, input.fieldCount, fieldCounts[record] as number)
}

function pageOf<T>(
  batch: RecordBatch,
  first: number,
  rows: ValidatedRows,
  checkpoints: PageCheckpoints,
  file: string,
): Page<T> {
  // A copy: the batch is overwritten by the next one, while the page may still be held.
  const lines = batch.scanned.recordLines.slice(first, first + rows.items.length)
  return {
    items: rows.items as readonly T[],
    checkpointAfter: checkpoints.after,
    positionOf: (index) => ({ file, line: lines[index] as number }),
  }
}
