/** How far a part file was committed, and where those bytes are found after a restart. */
import { open, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint } from '../core/model/json-value.ts'

/** A type, so that it is a JSON value. */
export type PartCheckpoint = {
  /** The part file's name, in the folder of the target. */
  readonly part: string
  readonly bytes: number
  readonly records: number
  /** Of those bytes: it tells a target that we published from any other file of that name. */
  readonly crc32: number
}

/** @throws BatchError CHECKPOINT_REFUSED where it is that of another writer. */
export function decodePartCheckpoint(from: Checkpoint, target: string): PartCheckpoint {
  if (typeof from === 'object' && from !== null && !Array.isArray(from)) {
    const values = from as Readonly<Record<string, Checkpoint | undefined>>
    const [bytes, records, crc] = [whole(values.bytes), whole(values.records), whole(values.crc32)]
    const { part } = values
    if (
      typeof part === 'string' &&
      part === basename(part) &&
      bytes !== undefined &&
      records !== undefined &&
      crc !== undefined
    ) {
      return { part, bytes, records, crc32: crc }
    }
  }
  const shown = JSON.stringify(from, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  )
  throw new BatchError(
    'CHECKPOINT_REFUSED',
    `Cannot go on writing ${target}: ${shown} is no checkpoint of a file. Was the step's writer changed since?`,
    { details: { target, checkpoint: shown } },
  )
}

/**
 * The file that holds the committed bytes: the part file, or the target where the process died after the last rename
 * and before the step was recorded.
 * @throws BatchError CHECKPOINT_REFUSED where neither has them.
 */
export async function committedFile(checkpoint: PartCheckpoint, target: string): Promise<string> {
  const part = join(dirname(target), checkpoint.part)
  const size = await sizeOf(part)
  if (await beginsWith(part, checkpoint)) return part
  if (size === undefined && (await beginsWith(target, checkpoint))) return target
  const found =
    size === undefined
      ? 'is gone'
      : size < checkpoint.bytes
        ? `has only ${size} bytes`
        : 'holds other bytes now'
  const remedy = 'Put it back, or start a new instance.'
  throw new BatchError(
    'CHECKPOINT_REFUSED',
    `Cannot go on writing ${target}: ${checkpoint.bytes} bytes were committed in ${part}, which ${found}. ${remedy}`,
    { details: { target, ...checkpoint, part, size } },
  )
}

/** Whether the file begins with the committed bytes. */
export async function beginsWith(file: string, { bytes, crc32: expected }: PartCheckpoint): Promise<boolean> {
  const size = await sizeOf(file)
  if (size === undefined || size < bytes) return false
  const handle = await open(file, 'r')
  try {
    const block = Buffer.allocUnsafe(256 * 1024)
    let crc = 0
    for (let at = 0; at < bytes;) {
      const { bytesRead } = await handle.read(block, 0, Math.min(block.length, bytes - at), at)
      if (bytesRead === 0) return false
      crc = crc32(block.subarray(0, bytesRead), crc)
      at += bytesRead
    }
    return crc === expected
  } finally {
    await handle.close()
  }
}

/** Undefined where there is no such file. */
export async function sizeOf(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function whole(value: Checkpoint | undefined): number | undefined {
  const number = typeof value === 'bigint' ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : undefined
}
