/** Where a delimited reader stands, in a form that is stored and found again. */
import { BatchError } from '../core/model/batch-error.ts'
import { SPRING_CHUNK_SCAN_KEY, type ExecutionContext } from '../core/model/execution-context.ts'
import type { Checkpoint } from '../core/model/json-value.ts'
import type { RecordPlace } from './delimited-records.ts'
import { decodeInput, encodeInput, type RememberedInput } from './input-identity.ts'

/** Our own checkpoint is a place in the file; what Spring stored is a number of records. */
export type DelimitedCheckpoint = PlaceInFile | { readonly records: number }

export interface PlaceInFile extends RecordPlace {
  /** Undefined in a checkpoint that does not remember it: then nothing is compared. */
  readonly input: RememberedInput | undefined
}

export function encodeCheckpoint({ offset, line }: RecordPlace, input: RememberedInput): Checkpoint {
  return { offset, line, input: encodeInput(input) }
}

/** @throws BatchError CHECKPOINT_REFUSED where it is that of another reader. */
export function decodeCheckpoint(from: Checkpoint, file: string): DelimitedCheckpoint {
  if (typeof from === 'object' && from !== null && !Array.isArray(from)) {
    const values = from as Readonly<Record<string, Checkpoint | undefined>>
    const [offset, line, records] = [count(values.offset), count(values.line), count(values.records)]
    const input = decodeInput(values.input)
    const isOwn = values.input === undefined || input !== undefined
    if (offset !== undefined && line !== undefined && isOwn) return { offset, line, input }
    if (records !== undefined) return { records }
  }
  const shown = JSON.stringify(from, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  throw new BatchError(
    'CHECKPOINT_REFUSED',
    `Cannot resume ${file}: ${shown} is no checkpoint of a delimited file. Was the step's reader changed since?`,
    { details: { file, checkpoint: shown } },
  )
}

/** Spring's FlatFileItemReader counts its reads in `<name>.read.count`. */
export function springCheckpoint(context: ExecutionContext, name: string): Checkpoint | undefined {
  const key = `${name}.read.count`
  const records = count(context[key] as Checkpoint | undefined)
  if (records === undefined) return undefined
  if (context[SPRING_CHUNK_SCAN_KEY] === undefined) return { records }
  throw new BatchError(
    'CHECKPOINT_REFUSED',
    `Spring Batch stopped while it scanned a failed chunk (${SPRING_CHUNK_SCAN_KEY} is set), and ${key} then lags behind what is written. Let Spring finish the chunk, or start a new instance.`,
    { details: { [key]: records } },
  )
}

function count(value: Checkpoint | undefined): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
