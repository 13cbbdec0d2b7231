/** Opens a delimited file for a step: finds its columns, goes to the checkpoint, and hands over pages. */
import type { OpenedReader, ReaderScope, ReadProgress } from '../core/ports/item-reader.ts'
import { fileSource, gzipSource, transcodedSource, type ByteSource } from './byte-source.ts'
import { createByteWindow, type ByteWindow } from './byte-window.ts'
import { checkInput } from './check-input.ts'
import { decodeCheckpoint, type DelimitedCheckpoint, type PlaceInFile } from './delimited-checkpoint.ts'
import { columnsOf } from './delimited-columns.ts'
import { pageReading } from './delimited-pages.ts'
import { unescaping, type DelimitedPlan } from './delimited-plan.ts'
import { readProlog, type Prolog } from './delimited-prolog.ts'
import { delimitedRecords, type DelimitedRecords } from './delimited-records.ts'
import type { FileIdentity } from './input-identity.ts'
import { openForReading, type OpenFile } from './open-file.ts'
import { EMPTY_PREFIX, type Prefix } from './prefix-hash.ts'
import { createRecordScanner, type RecordScanner } from './record-scanner.ts'
import { resumeAt } from './resume-at.ts'
import { rowMaker, type RowMaker } from './row-maker.ts'

/** Fields that are scanned at once at most: the scanner's arrays are that large. */
const MOST_BATCH_FIELDS = 65_536
const MOST_BATCH_RECORDS = 4096

interface Opening {
  readonly from: DelimitedCheckpoint | undefined
  /** What stands before the checkpoint, where it is a place in the file. */
  readonly before: Prefix | undefined
  readonly identity: FileIdentity
  readonly plan: DelimitedPlan
  readonly source: ByteSource
  readonly size: number
  readonly window: ByteWindow
}

/** Leaves nothing open when it throws. */
export async function openDelimited<T>(plan: DelimitedPlan, scope: ReaderScope): Promise<OpenedReader<T>> {
  const from = scope.from === undefined ? undefined : decodeCheckpoint(scope.from, plan.file)
  const file = await openForReading(plan.file)
  let source: ByteSource | undefined
  try {
    const before =
      from !== undefined && 'offset' in from ? await checkPlace(plan, file, from, scope) : undefined
    source = await sourceOf(file, plan, scope.signal)
    const window = createByteWindow(source)
    return await openRows<T>({ plan, from, before, identity: file.identity, source, size: file.size, window })
  } catch (error) {
    await (source ?? file.handle).close()
    throw error
  }
}

/** Before anything else is asked of the file: what is wrong with another file does not matter. */
function checkPlace(
  plan: DelimitedPlan,
  { identity }: OpenFile,
  { offset, input }: PlaceInFile,
  scope: ReaderScope,
): Promise<Prefix> {
  const reread = async () => sourceOf(await openForReading(plan.file), plan, scope.signal)
  return checkInput({ file: plan.file, offset, was: input, is: identity, reread, scope })
}

async function openRows<T>(opening: Opening): Promise<OpenedReader<T>> {
  const { plan, source, size, window, identity } = opening
  const { prolog, make } = await readLayout(plan, window)
  const fieldCount = prolog.names.length
  const records = await recordsFrom(opening, prolog)
  const before = window.prefixAt(window.from)
  const reading = pageReading<T>({ plan, records, make, fieldCount, identity, before })
  const progress = (): ReadProgress => {
    const done = source.seek ? (reading.offset() ?? window.base + window.from) : source.consumed()
    return { done, total: size, unit: 'bytes' }
  }
  return { read: reading.read, progress, close: source.close }
}

/** What the file's records are made of, and how rows are made of them. Leaves the window at the first record. */
export async function readLayout(
  plan: DelimitedPlan,
  window: ByteWindow,
): Promise<{ readonly prolog: Prolog; readonly make: RowMaker }> {
  const unescape = unescaping(plan.dialect)
  const prolog = await readProlog({ ...plan, window, unescape })
  const columns = columnsOf(prolog.names, { ...plan, schema: plan.fields })
  const fieldCapacity = prolog.names.length
  return { prolog, make: rowMaker({ columns, line: plan.line, fieldCapacity, unescape }) }
}

export async function sourceOf(
  file: OpenFile,
  plan: DelimitedPlan,
  signal: AbortSignal,
): Promise<ByteSource> {
  const zipped = plan.gzip === 'auto' ? await isGzip(file) : plan.gzip
  const source = zipped ? gzipSource(file, plan.file, signal) : fileSource(file, signal)
  const { transcoder } = plan.encoding
  return transcoder ? transcodedSource(source, transcoder) : source
}

async function isGzip({ handle }: OpenFile): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0)
  return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b
}

async function recordsFrom(
  { plan, from, before, source, size, window }: Opening,
  prolog: Prolog,
): Promise<DelimitedRecords> {
  if (from !== undefined && 'offset' in from) {
    await resumeAt({ file: plan.file, offset: from.offset, window, fileSize: source.seek ? size : undefined })
    window.adoptPrefix(before ?? EMPTY_PREFIX)
  }
  const line = from !== undefined && 'line' in from ? from.line : prolog.line
  const records = delimitedRecords({ ...plan, window, scanner: scannerFor(plan, prolog.names.length), line })
  if (from !== undefined && 'records' in from) await records.skip(from.records)
  return records
}

export function scannerFor(plan: DelimitedPlan, fieldCapacity: number): RecordScanner {
  return createRecordScanner({
    ...plan,
    emptyLines: plan.emptyLines ?? (fieldCapacity === 1 ? 'record' : 'skip'),
    multibyte: plan.encoding.multibyte,
    fieldCapacity,
    recordCapacity: Math.max(1, Math.min(MOST_BATCH_RECORDS, Math.floor(MOST_BATCH_FIELDS / fieldCapacity))),
  })
}
