/** One column that a writer fills, and where its value comes from. */
import type { ColumnType } from './column-type.ts'

export interface WrittenColumn<T> {
  readonly name: string
  readonly type: ColumnType
  /** The item's key, or a function of the item. */
  readonly value: ColumnValue<T>
}

export type ColumnValue<T> = (keyof T & string) | ((item: T) => unknown)

export function readValue<T>(item: T, value: ColumnValue<T>): unknown {
  return typeof value === 'function' ? value(item) : item[value]
}
