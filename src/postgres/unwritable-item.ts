/** Finds the item and the column whose value cannot be written, once it is known that there is one. */
import { BatchError } from '../core/model/batch-error.ts'
import { valueText } from './column-type.ts'
import { readValue, type WrittenColumn } from './written-column.ts'

export const UNSTORABLE_TEXT =
  'its text holds a NUL character or half a surrogate pair, which no Postgres text can; clean it in the processor'

/** Node 20 has it; TypeScript's library for ES2023 does not. */
interface WellFormedString {
  readonly isWellFormed: () => boolean
}

/** NUL is refused by Postgres; half a surrogate pair would silently become U+FFFD. */
export function hasUnstorableText(text: string): boolean {
  return text.includes('\0') || !(text as unknown as WellFormedString).isWellFormed()
}

/**
 * `error` as WRITE_FAILED with `itemIndex` and `column`; without them where a second look at the items finds nothing
 * wrong.
 */
export function unwritableItem<T>(
  items: readonly T[],
  columns: readonly WrittenColumn<T>[],
  error: unknown,
): BatchError {
  for (const [itemIndex, item] of items.entries()) {
    for (const column of columns) {
      const fault = faultOf(item, column)
      if (fault === undefined) continue
      return new BatchError(
        'WRITE_FAILED',
        `item ${itemIndex + 1} of the chunk cannot be written into column ${column.name}: ${fault.message}`,
        { details: { itemIndex, column: column.name }, cause: fault },
      )
    }
  }
  return new BatchError('WRITE_FAILED', `the chunk cannot be encoded: ${messageOf(error)}`, { cause: error })
}

function faultOf<T>(item: T, column: WrittenColumn<T>): Error | undefined {
  try {
    const text = valueText(readValue(item, column.value), column.type)
    return text !== null && hasUnstorableText(text) ? new RangeError(UNSTORABLE_TEXT) : undefined
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error), { cause: error })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
