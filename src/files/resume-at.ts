/** Goes to a checkpoint's place in a delimited file, and refuses a file that is no longer the same. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ByteWindow } from './byte-window.ts'

export interface Resumption {
  /** The path, for messages. */
  readonly file: string
  readonly offset: number
  /** At the first record. */
  readonly window: ByteWindow
  /** Of the file; undefined where offsets are not those of the file, as behind gzip. */
  readonly fileSize: number | undefined
}

const LF = 10

/**
 * The byte before a record is the newline of the record before it.
 * @throws BatchError INPUT_CHANGED where the file is shorter, or where no record begins at the offset.
 */
export async function resumeAt({ file, offset, window, fileSize }: Resumption): Promise<void> {
  const first = window.base + window.from
  if (offset === first) return
  if (offset < first) throw notThere(file, offset, `its first record begins at byte ${first}`)
  if (!(await window.goTo(offset - 1))) {
    throw notThere(file, offset, `it has only ${fileSize ?? window.base + window.to} bytes`)
  }
  const before = window.bytes[window.from]
  window.consume(window.from + 1)
  // A last record needs no newline: then nothing may follow it.
  if (before !== LF && (await window.goTo(offset))) throw notThere(file, offset, 'no record begins there')
}

function notThere(file: string, offset: number, found: string): BatchError {
  const message =
    `Cannot resume ${file} at byte ${offset}: ${found}. The file was changed since that part was read: ` +
    'put the former one back, or start an instance with other identifying parameters.'
  return new BatchError('INPUT_CHANGED', message, { details: { file, offset } })
}
