/** Where the next page of a list begins: opaque to callers, and of use only for the list that gave it. */
import { createHash } from 'node:crypto'
import { isRecordId } from '../core/model/record-id.ts'
import { Problem } from './problem.ts'

type Filter = Readonly<Record<string, unknown>>

/** `list` is the list with its ids: `executions`, `fires nightly`. */
export function encodeCursor(list: string, filter: Filter, position: string): string {
  return Buffer.from(`${fingerprint(list, filter)}.${position}`).toString('base64url')
}

/** Undefined without a cursor. @throws Problem invalid-request where it is of another list, or of other filters */
export function decodeCursor(list: string, filter: Filter, cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const [, position = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split('.')
  if (isRecordId(position) && encodeCursor(list, filter, position) === cursor) return position
  throw wrongCursor()
}

/** Of no slot: the end of the year 9999. Postgres reads no later date as JavaScript writes it. */
const LATEST = 253_402_300_799_999

/** Of a list that goes by time, in milliseconds. @throws Problem invalid-request, also where no slot is so late */
export function decodeTimeCursor(list: string, filter: Filter, cursor: string | undefined): Date | undefined {
  const position = decodeCursor(list, filter, cursor)
  if (position === undefined) return undefined
  if (Number(position) > LATEST) throw wrongCursor()
  return new Date(Number(position))
}

function wrongCursor(): Problem {
  const detail =
    'It is no cursor of this list with these filters. Take nextCursor of the page before, and the same filters.'
  return new Problem('invalid-request', 'The cursor is not valid.', {
    facts: { errors: [{ parameter: 'cursor', detail }] },
  })
}

function fingerprint(list: string, filter: Filter): string {
  const sorted = Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
  return createHash('sha256')
    .update(JSON.stringify([list, sorted]))
    .digest('base64url')
    .slice(0, 12)
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** One more than `limit` was asked for: it says that there is a next page, and is not shown. */
export function pageOf<T>(rows: readonly T[], limit: number, cursorBehind: (last: T) => string): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last !== undefined ? cursorBehind(last) : null }
}
