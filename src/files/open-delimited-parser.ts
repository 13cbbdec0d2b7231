/** Makes items of single records of a delimited file, as the reader of the whole file would. */
import { BatchError } from '../core/model/batch-error.ts'
import {
  describePosition,
  type ParsedRecord,
  type ParserScope,
  type Position,
  type RecordParser,
} from '../core/ports/item-reader.ts'
import type { ByteSource } from './byte-source.ts'
import { createByteWindow } from './byte-window.ts'
import { pageReading } from './delimited-pages.ts'
import type { DelimitedPlan } from './delimited-plan.ts'
import { delimitedRecords } from './delimited-records.ts'
import { readLayout, scannerFor, sourceOf } from './open-delimited.ts'
import type { FileIdentity } from './input-identity.ts'
import { openForReading } from './open-file.ts'
import { EMPTY_PREFIX } from './prefix-hash.ts'
import type { RowMaker } from './row-maker.ts'
import { utf8 } from './text-encoding.ts'

/** A single record is never resumed from. */
const NO_FILE: FileIdentity = { size: 0, modified: '', change: '' }

interface Layout {
  readonly make: RowMaker
  readonly fieldCount: number
}

/** The columns are those of the file's header as it is now; with `columns` the file is not needed. */
export async function openDelimitedParser<T>(
  plan: DelimitedPlan,
  scope: ParserScope,
): Promise<RecordParser<T>> {
  const layout = plan.columns === undefined ? await layoutOfFile(plan, scope) : await layoutOfNothing(plan)
  // A record has been decoded already, whatever the encoding of its file.
  const decoded: DelimitedPlan = { ...plan, encoding: utf8 }
  return { parse: (raw, position) => parseRecord<T>(decoded, layout, raw, position), close: async () => {} }
}

async function layoutOfFile(plan: DelimitedPlan, { signal }: ParserScope): Promise<Layout> {
  const file = await openForReading(plan.file)
  let source: ByteSource | undefined
  try {
    source = await sourceOf(file, plan, signal)
    return await layoutIn(plan, source)
  } finally {
    await (source ?? file.handle).close()
  }
}

function layoutOfNothing(plan: DelimitedPlan): Promise<Layout> {
  return layoutIn({ ...plan, encoding: utf8, skipLines: 0 }, textSource(''))
}

async function layoutIn(plan: DelimitedPlan, source: ByteSource): Promise<Layout> {
  const { prolog, make } = await readLayout(plan, createByteWindow(source))
  return { make, fieldCount: prolog.names.length }
}

async function parseRecord<T>(
  plan: DelimitedPlan,
  { make, fieldCount }: Layout,
  raw: string,
  position: Position,
): Promise<ParsedRecord<T>> {
  const line = Number(position['line'] ?? 1) - 1
  const window = createByteWindow(textSource(raw))
  const records = delimitedRecords({ ...plan, window, scanner: scannerFor(plan, fieldCount), line })
  const { read } = pageReading<T>({
    plan,
    records,
    make,
    fieldCount,
    identity: NO_FILE,
    before: EMPTY_PREFIX,
  })
  const page = await read(1)
  if (page?.fault !== undefined) return { error: page.fault.error }
  if (page === undefined || page.items.length === 0) return { error: notOne(position, 'holds no record') }
  if ((await read(1)) !== undefined) return { error: notOne(position, 'holds more than one record') }
  return { item: page.items[0] as T }
}

function notOne(position: Position, what: string): BatchError {
  return new BatchError('READ_FAILED', `${describePosition(position)}: the text kept of it ${what}`, {
    details: { ...position },
  })
}

function textSource(text: string): ByteSource {
  let rest: Buffer | undefined = Buffer.from(text)
  const read = async (): Promise<Buffer | undefined> => {
    const block = rest
    rest = undefined
    return block
  }
  return { read, consumed: () => 0, close: async () => {} }
}
