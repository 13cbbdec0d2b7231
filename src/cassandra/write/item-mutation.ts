/** Makes a mutation of an item. */
import { BatchError } from '../../core/model/batch-error.ts'
import type { CassandraMutation, CqlValue } from '../cassandra-client.ts'
import { fitValue } from '../fit-value.ts'
import { valueKey } from '../stored-value.ts'
import { checkTtl, type ColumnValue, type WritePlan } from './write-plan.ts'
import type { WriteTarget, WrittenColumn } from './write-target.ts'

export interface ItemMutation {
  /** Of the item in its chunk. */
  readonly index: number
  readonly mutation: CassandraMutation
  /** Tells partitions apart; empty where that is not asked. */
  readonly partition: string
  /** Tells rows apart. */
  readonly row: string
}

export type MutationMaker<T> = (item: T, index: number) => ItemMutation

/**
 * With `timestamp: 'execution'` each item's is a microsecond later than the one before, from the moment on at which this was
 * called: of two items with one key the later one wins, and over both wins a later execution. Where nothing is said, those that
 * need one have the time of the call, and never the same.
 *
 * What it makes throws a BatchError WRITE_FAILED that names the column.
 */
export function mutationMaker<T>(plan: WritePlan<T>, target: WriteTarget<T>, now: Date): MutationMaker<T> {
  const { partitionKey } = target.table
  let microseconds = BigInt(now.getTime()) * 1000n
  const timestampOf = (item: T, index: number): bigint => {
    const { timestamp } = plan
    if (typeof timestamp === 'function') return givenTimestamp(timestamp(item), index)
    const current = BigInt(Date.now()) * 1000n
    if (timestamp === undefined && current > microseconds) microseconds = current
    return microseconds++
  }
  return (item, index) => {
    const operation = typeof plan.operation === 'function' ? plan.operation(item) : plan.operation
    const shape = target.shapes[operation]
    if (shape === undefined)
      throw unfit(index, 'operation', `'${String(operation)}' is none of insert, update and delete`)
    const key = target.key.map((column) => keyValue(item, column, index))
    const ttl = shape.hasTtl ? ttlOf(plan, item, index) : undefined
    return {
      index,
      partition: plan.inBatches ? keyText(target, key, partitionKey.length) : '',
      row: keyText(target, key, key.length),
      mutation: {
        shape,
        key,
        values:
          shape.columns.length === 0 ? [] : target.others.map((column) => otherValue(item, column, index)),
        ...(ttl !== undefined && { ttl }),
        ...(shape.hasTimestamp && { timestamp: timestampOf(item, index) }),
      },
    }
  }
}

function keyText<T>({ key }: WriteTarget<T>, values: readonly CqlValue[], count: number): string {
  let text = ''
  for (let place = 0; place < count; place += 1) {
    text += `${valueKey(values[place] as CqlValue, (key[place] as WrittenColumn<T>).column.type)}\0`
  }
  return text
}

function givenTimestamp(given: unknown, index: number): bigint {
  if (typeof given === 'bigint') return given
  if (given instanceof Date && !Number.isNaN(given.getTime())) return BigInt(given.getTime()) * 1000n
  throw unfit(index, 'timestamp', `it is ${String(given)}, neither a valid Date nor a bigint of microseconds`)
}

function ttlOf<T>({ ttl }: WritePlan<T>, item: T, index: number): number | undefined {
  const seconds = typeof ttl === 'function' ? ttl(item) : ttl
  if (seconds !== undefined) checkTtl(seconds, (reason) => unfit(index, 'ttl', reason))
  return seconds
}

function keyValue<T>(item: T, written: WrittenColumn<T>, index: number): CqlValue {
  const value = readValue(item, written.value)
  const { name } = written.column
  if (value === null || value === undefined)
    throw unfit(index, name, `its value is ${String(value)}, and a key needs one`)
  return fitted(value, written, index)
}

function otherValue<T>(item: T, written: WrittenColumn<T>, index: number): CqlValue | undefined {
  const value = readValue(item, written.value)
  return value === undefined ? undefined : fitted(value, written, index)
}

function fitted<T>(value: unknown, { column }: WrittenColumn<T>, index: number): CqlValue {
  try {
    return fitValue(value, column.type)
  } catch (cause) {
    throw unfit(index, column.name, (cause as Error).message, cause)
  }
}

function readValue<T>(item: T, value: ColumnValue<T>): unknown {
  return typeof value === 'function' ? value(item) : item[value]
}

function unfit(itemIndex: number, column: string, reason: string, cause?: unknown): BatchError {
  return new BatchError(
    'WRITE_FAILED',
    `item ${itemIndex + 1} of the chunk cannot be written into column ${column}: ${reason}`,
    { details: { itemIndex, column }, cause },
  )
}
