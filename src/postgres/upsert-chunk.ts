/** Writes a chunk by INSERT … ON CONFLICT, one array for each column. */
import { elementText, valueText } from './column-type.ts'
import type { WriteChunk } from './copy-chunk.ts'
import { type QualifiedName, quoteIdentifier } from './table-name.ts'
import { hasUnstorableText, UNSTORABLE_TEXT, unwritableItem } from './unwritable-item.ts'
import { writeRefusal } from './write-refusal.ts'
import { readValue, type WrittenColumn } from './written-column.ts'

/** What happens to an item whose key is there already. */
export type ConflictAction =
  | { readonly action: 'nothing' }
  | { readonly action: 'update'; readonly keys: readonly string[]; readonly update: readonly string[] }

/**
 * The outcome is as if the items were written one after the other. A single statement cannot update a row twice, so
 * items that repeat a key go into further statements behind it, in their order.
 */
export function upsertChunk<T>(
  table: QualifiedName,
  columns: readonly WrittenColumn<T>[],
  conflict: ConflictAction,
): WriteChunk<T> {
  const text = upsertStatement(table, columns, conflict)
  const keys = conflict.action === 'update' ? columns.filter(({ name }) => conflict.keys.includes(name)) : []
  return (items) => {
    const rounds = encodeRounds(items, columns, keys)
    return (client) =>
      sendUpserts(
        rounds.map((values) => client.query({ text, values: [...values] })),
        table,
      )
  }
}

/** Waits for all, so that none is left pending when the first error is told. */
async function sendUpserts(sent: readonly Promise<unknown>[], table: QualifiedName): Promise<void> {
  const answers = await Promise.allSettled(sent)
  const refused = answers.find((answer) => answer.status === 'rejected')
  if (refused !== undefined) throw writeRefusal(refused.reason, table)
}

type ArrayTexts = readonly string[]

function encodeRounds<T>(
  items: readonly T[],
  columns: readonly WrittenColumn<T>[],
  keys: readonly WrittenColumn<T>[],
): readonly ArrayTexts[] {
  try {
    return splitByKey(items, keys).map((round) => columns.map((column) => columnText(round, column)))
  } catch (error) {
    throw unwritableItem(items, columns, error)
  }
}

/** Runs for each field of each item, and so takes the short way for numbers, as COPY does. */
function columnText<T>(items: readonly T[], { value: key, type }: WrittenColumn<T>): string {
  let text = '{'
  for (const item of items) {
    const value = readValue(item, key)
    if (text.length > 1) text += ','
    text += typeof value === 'number' ? `${value}` : elementText(valueText(value, type))
  }
  text += '}'
  if (hasUnstorableText(text)) throw new RangeError(UNSTORABLE_TEXT)
  return text
}

/** The n-th occurrence of a key goes into the n-th round. Nulls are no key: they never conflict. */
function splitByKey<T>(items: readonly T[], keys: readonly WrittenColumn<T>[]): readonly (readonly T[])[] {
  if (keys.length === 0) return [items]
  const rounds: T[][] = []
  const occurrences = new Map<string, number>()
  for (const item of items) {
    const key = keyText(item, keys)
    const round = key === undefined ? 0 : (occurrences.get(key) ?? 0)
    if (key !== undefined) occurrences.set(key, round + 1)
    const members = rounds[round]
    if (members === undefined) rounds.push([item])
    else members.push(item)
  }
  return rounds
}

/** Joined by a character that no value holds. Undefined when a part of the key is null. */
function keyText<T>(item: T, keys: readonly WrittenColumn<T>[]): string | undefined {
  let key = ''
  for (const { value, type } of keys) {
    const text = valueText(readValue(item, value), type)
    if (text === null) return undefined
    key += `${text}\0`
  }
  return key
}

/** All columns travel as text[] and are cast row by row: arrays of arrays, domains and box[] then need no care. */
function upsertStatement<T>(
  table: QualifiedName,
  columns: readonly WrittenColumn<T>[],
  conflict: ConflictAction,
): string {
  const names = columns.map(({ name }) => quoteIdentifier(name)).join(', ')
  const casts = columns.map(({ type }, index) => `c${index}::${type.name}`).join(', ')
  const arrays = columns.map((_, index) => `$${index + 1}::text[]`).join(', ')
  const aliases = columns.map((_, index) => `c${index}`).join(', ')
  return `insert into ${table.sql} (${names}) select ${casts} from unnest(${arrays}) as chunk (${aliases}) ${onConflict(conflict)}`
}

function onConflict(conflict: ConflictAction): string {
  if (conflict.action === 'nothing') return 'on conflict do nothing'
  const keys = conflict.keys.map(quoteIdentifier).join(', ')
  const sets = conflict.update.map(quoteIdentifier).map((name) => `${name} = excluded.${name}`)
  return `on conflict (${keys}) do ${sets.length === 0 ? 'nothing' : `update set ${sets.join(', ')}`}`
}
