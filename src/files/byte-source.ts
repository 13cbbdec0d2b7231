/** The bytes of a file, block after block: straight from the disk, or through gunzip and a decoder. */
import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { BatchError } from '../core/model/batch-error.ts'
import type { OpenFile } from './open-file.ts'
import type { TextEncoding } from './text-encoding.ts'

export interface ByteSource {
  /** The next bytes, undefined at the end. They are the caller's until it reads again. */
  readonly read: () => Promise<Uint8Array | undefined>
  /** Goes on at this offset. Missing where the bytes before it have to be read first. */
  readonly seek?: (offset: number) => void
  /** Bytes of the file that were used up, for progress; for a source that seeks, the reader knows better. */
  readonly consumed: () => number
  readonly close: () => Promise<void>
}

const BLOCK_BYTES: number = 256 * 1024

/** Reads the next block while the last one is worked on. */
export function fileSource(file: OpenFile, signal: AbortSignal): ByteSource {
  const { handle } = file
  let spare = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  let inUse = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  let position = 0
  let ahead: Promise<number> | undefined

  const readAhead = (): Promise<number> => {
    const reading = handle.read(spare, 0, BLOCK_BYTES, position).then((result) => result.bytesRead)
    reading.catch(() => undefined) // whoever awaits it reports it; after a seek or a close nobody does
    return reading
  }
  const read = async (): Promise<Uint8Array | undefined> => {
    const bytesRead = await unlessAborted(ahead ?? readAhead(), signal)
    ahead = undefined
    if (bytesRead === 0) return undefined
    ;[inUse, spare] = [spare, inUse]
    position += bytesRead
    ahead = readAhead()
    return inUse.subarray(0, bytesRead)
  }
  const seek = (offset: number): void => {
    position = offset
    ahead = undefined
    spare = Buffer.allocUnsafeSlow(BLOCK_BYTES) // the block that is being read may still arrive in the old one
  }
  return { read, seek, consumed: () => position, close: () => handle.close() }
}

/** The bytes behind gzip, from the start only. Progress counts the compressed bytes. */
export function gzipSource(file: OpenFile, path: string, signal: AbortSignal): ByteSource {
  const compressed = createReadStream(path, {
    fd: file.handle,
    start: 0,
    autoClose: false,
    highWaterMark: BLOCK_BYTES,
  })
  const gunzip = createGunzip({ chunkSize: BLOCK_BYTES })
  compressed.on('error', (error) => gunzip.destroy(error))
  const blocks = compressed.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const read = async (): Promise<Uint8Array | undefined> => {
    try {
      const { done, value } = await unlessAborted(blocks.next(), signal)
      return done === true ? undefined : value
    } catch (cause) {
      if (signal.aborted) throw cause
      const at = `after ${gunzip.bytesWritten} of ${file.size} compressed bytes`
      const reason = (cause as Error).message
      throw new BatchError('READ_FAILED', `${path} is no whole gzip file: ${reason} ${at}`, {
        cause,
        details: { file: path },
      })
    }
  }
  const close = async (): Promise<void> => {
    compressed.destroy()
    gunzip.destroy()
    await file.handle.close()
  }
  return { read, consumed: () => gunzip.bytesWritten, close }
}

/** The same text in UTF-8. */
export function transcodedSource(
  source: ByteSource,
  transcoder: NonNullable<TextEncoding['transcoder']>,
): ByteSource {
  const transcode = transcoder()
  let ended = false
  const read = async (): Promise<Uint8Array | undefined> => {
    while (!ended) {
      const block = await source.read()
      ended = block === undefined
      const text = transcode(block)
      if (text.length > 0) return text
    }
    return undefined
  }
  return { read, consumed: source.consumed, close: source.close }
}

/** Rejects as soon as the step is to end; what arrives later is dropped. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let abort!: () => void
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error)
  })
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
