/** What a reader of rows has been reading, in so far as it can be told: remembered in its checkpoints, without any value. */
import { createHash } from 'node:crypto'
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint, JsonValue } from '../core/model/json-value.ts'
import type { ReaderScope } from '../core/ports/item-reader.ts'
import type { ReadPlan } from './read-plan.ts'

/** A type, so that it is a JSON value. */
export type QueryIdentity = {
  /** For people: `table public.trade`. */
  readonly source: string
  /** Of the statement, with its condition; however it is laid out. */
  readonly text: string
  /** Of the values, which may be nobody's business. */
  readonly parameters: string
}

export function queryIdentity({ description, source, parameters }: ReadPlan): QueryIdentity {
  return {
    source: description,
    text: shortHash(source.replaceAll(/\s+/g, ' ').trim()),
    parameters: shortHash(JSON.stringify(parameters, bigintsToo)),
  }
}

/**
 * Rows before the last key are not seen again, so the other half of another query would be read.
 * @throws BatchError INPUT_CHANGED
 */
export function checkQuery(
  from: Checkpoint,
  is: QueryIdentity,
  { acceptChanges, logger }: Pick<ReaderScope, 'acceptChanges' | 'logger'>,
): void {
  const was = rememberedQuery(from)
  const changes = was === undefined ? [] : changesOf(was, is)
  if (changes.length === 0) return
  if (acceptChanges !== true) throw inputChanged(is, changes)
  logger.warn(
    { source: is.source, changes },
    'goes on in another query than it began with, which is accepted',
  )
}

function rememberedQuery(from: Checkpoint): QueryIdentity | undefined {
  const input = (from as { readonly input?: JsonValue }).input as Partial<QueryIdentity> | undefined
  return typeof input?.text === 'string' ? (input as QueryIdentity) : undefined
}

function changesOf(was: QueryIdentity, is: QueryIdentity): readonly string[] {
  const text =
    was.source === is.source
      ? `${is.source}: its statement or condition is another one`
      : `it was ${was.source}, is ${is.source}`
  return [
    ...(was.text === is.text ? [] : [text]),
    ...(was.parameters === is.parameters ? [] : [`${is.source}: the values of its parameters are others`]),
  ]
}

function inputChanged({ source }: QueryIdentity, changes: readonly string[]): BatchError {
  return new BatchError(
    'INPUT_CHANGED',
    `The reader of ${source} cannot go on behind the last row that it read: what it reads has changed since.` +
      `${changes.map((change) => `\n  ${change}`).join('')}\n` +
      'Set it back, start an instance with other identifying parameters, or, where going on behind that row is right, restart ' +
      'with --accept-changes.',
    { details: { source, changes } },
  )
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

function bigintsToo(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
