/** Opens a file for reading, or says at once what is in the way. */
import type { BigIntStats } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BatchError } from '../core/model/batch-error.ts'
import type { FileIdentity } from './input-identity.ts'

export interface OpenFile {
  readonly handle: FileHandle
  /** In bytes, when it was opened. */
  readonly size: number
  /** As it was when it was opened. */
  readonly identity: FileIdentity
}

/** The path as the author gave it, for messages. */
export function pathOf(file: string | URL): string {
  return typeof file === 'string' ? file : fileURLToPath(file)
}

/** @throws BatchError READ_FAILED where it is missing, unreadable, or not a regular file; nothing is then left open. */
export async function openForReading(path: string): Promise<OpenFile> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw cannotOpen(path, reasonOf(cause), cause)
  })
  const stat = await handle.stat({ bigint: true })
  if (stat.isFile()) return { handle, size: Number(stat.size), identity: identityOf(stat) }
  await handle.close()
  const kind = stat.isDirectory()
    ? 'a directory'
    : 'a pipe or device, which could not be read again after a restart'
  throw cannotOpen(path, `it is ${kind}: give the path of a regular file`)
}

function identityOf({ size, mtime, ino, ctimeNs }: BigIntStats): FileIdentity {
  return { size: Number(size), modified: mtime.toISOString(), change: `${ino}@${ctimeNs}` }
}

function cannotOpen(path: string, reason: string, cause?: unknown): BatchError {
  const absolute = resolve(path)
  const place = absolute === path ? '' : ` (${path} as seen from ${process.cwd()})`
  const details = { file: absolute, cwd: process.cwd() }
  return new BatchError('READ_FAILED', `Cannot read ${absolute}${place}: ${reason}`, { cause, details })
}

function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT') return 'there is no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'this process has no permission to read it'
  if (code === 'EISDIR') return 'it is a directory: give the path of a regular file'
  return (cause as Error).message
}
