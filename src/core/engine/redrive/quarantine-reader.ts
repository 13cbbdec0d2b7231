/** Reads the items of a batch of the quarantine, each for the phase in which it failed. */
import { BatchError } from '../../model/batch-error.ts'
import { decodeItem } from '../../model/item-json.ts'
import type { Checkpoint } from '../../model/json-value.ts'
import type { QuarantineEntry } from '../../model/quarantined-item.ts'
import type {
  ItemReader,
  OpenedReader,
  Page,
  Position,
  ReaderScope,
  RecordParser,
} from '../../ports/item-reader.ts'
import type { QuarantineStore } from '../../ports/quarantine-store.ts'
import { AlreadyProcessed } from './already-processed.ts'

export interface QuarantineSource {
  readonly store: QuarantineStore
  readonly batchId: string
  readonly stepName: string
  /** The step's own: makes items of the records that it could not read before. */
  readonly reader: ItemReader<unknown>
}

/** What a position holds besides, so that an item that fails again is known again. */
export const ENTRY_KEY = 'quarantined'

/** By the checkpoint: the id of the last entry. They are read in the order of their ids. */
export const QUARANTINE_READER_KIND = 'quarantine'

/** Entries with their whole items: not more at once than their size allows. */
const MOST_ENTRIES = 100

export function quarantineReader(source: QuarantineSource): ItemReader<unknown> {
  const { batchId, stepName } = source
  return {
    kind: QUARANTINE_READER_KIND,
    description: `batch ${batchId} of the quarantine, step ${stepName}`,
    open: async (scope) => openBatch(source, scope),
  }
}

function openBatch(source: QuarantineSource, scope: ReaderScope): OpenedReader<unknown> {
  let after = scope.from === undefined ? undefined : checkedId(scope.from)
  let waiting: readonly QuarantineEntry[] = []
  let done = 0
  let parser: RecordParser<unknown> | undefined
  const parse = async (raw: string, position: Position) => {
    parser ??= await source.reader.openParser?.(scope)
    if (parser === undefined)
      throw new Error(`${source.reader.description} cannot make items of single records`)
    return parser.parse(raw, position)
  }
  const read = async (limit: number): Promise<Page<unknown> | undefined> => {
    if (waiting.length === 0) waiting = await source.store.batchEntries(nextPart(source, after))
    if (waiting.length === 0) return undefined
    const page = await pageOf(waiting.slice(0, limit), parse)
    const used = page.items.length + (page.fault === undefined ? 0 : 1)
    done += used
    after = waiting[used - 1]?.id
    waiting = waiting.slice(used)
    return page
  }
  return {
    read,
    repeatable: true,
    progress: () => ({ done, unit: 'items' }),
    close: async () => parser?.close(),
  }
}

function nextPart({ batchId, stepName }: QuarantineSource, after: string | undefined) {
  return { batchId, stepName, limit: MOST_ENTRIES, ...(after !== undefined && { after }) }
}

function checkedId(from: Checkpoint): string {
  if (typeof from === 'string' && /^\d+$/.test(from)) return from
  throw new BatchError('CHECKPOINT_REFUSED', 'the quarantine: the checkpoint is not the id of an item', {
    details: { from },
  })
}

type Parse = (raw: string, position: Position) => ReturnType<RecordParser<unknown>['parse']>

/** Up to the first record that still is no item. */
async function pageOf(entries: readonly QuarantineEntry[], parse: Parse): Promise<Page<unknown>> {
  const items: unknown[] = []
  for (const entry of entries) {
    const { payload } = entry
    if (payload.kind !== 'raw') {
      items.push(itemOf(entry))
      continue
    }
    const parsed = await parse(payload.text, entry.position)
    if ('item' in parsed) items.push(parsed.item)
    else return { ...pagePart(entries, items), fault: faultOf(entry, payload.text, parsed.error) }
  }
  return pagePart(entries, items)
}

function pagePart(entries: readonly QuarantineEntry[], items: readonly unknown[]): Page<unknown> {
  const entryAt = (index: number): QuarantineEntry => entries[index] as QuarantineEntry
  return {
    items,
    checkpointAfter: (index) => entryAt(index).id,
    positionOf: (index) => markedPosition(entryAt(index)),
  }
}

function itemOf({ id, phase, payload }: QuarantineEntry): unknown {
  if (payload.kind !== 'item')
    throw new Error(`quarantined item ${id} is ${payload.kind}, which is not redriven`)
  const item = decodeItem(payload.json)
  return phase === 'write' ? new AlreadyProcessed(item) : item
}

function faultOf(entry: QuarantineEntry, raw: string, error: Error): NonNullable<Page<unknown>['fault']> {
  return { error, raw, position: markedPosition(entry), checkpointAfter: entry.id }
}

function markedPosition({ position, id }: QuarantineEntry): Position {
  return { ...position, [ENTRY_KEY]: id }
}
