/**
 * A file that comes into being chunk by chunk and gets its name when it is whole. Bytes that may be committed are never
 * changed: neither by a restart, nor by an owner that was given up but still runs, nor after a commit whose outcome is
 * not known.
 */
import { constants } from 'node:fs'
import { copyFile, mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { BatchError } from '../core/model/batch-error.ts'
import type { Checkpoint } from '../core/model/json-value.ts'
import {
  beginsWith,
  committedFile,
  decodePartCheckpoint,
  sizeOf,
  type PartCheckpoint,
} from './part-checkpoint.ts'
import { syncFolder, writeWhole } from './synced-writes.ts'

export interface PartFileOptions {
  /** The name it gets in the end. */
  readonly target: string
  /** No two owners have the same: each writes part files of its own. */
  readonly owner: string
  readonly from: Checkpoint | undefined
  /** What a new file begins with. */
  readonly header: Buffer
  readonly existing: 'replace' | 'refuse'
}

/** A part file, with how much of it is written. */
interface Part {
  readonly handle: FileHandle
  readonly at: PartCheckpoint
}

/** The moves: `append` → `checkpoint` → committed, which the next `append` or `publish` tells, or `rollBack`. */
export class PartFile {
  readonly #target: string
  readonly #owner: string
  readonly #existing: 'replace' | 'refuse'
  #handle: FileHandle
  /** Of this part file, among those of its owner. */
  #number: number
  /** Other files of ours or of those before us, needed until a commit of this one is known. */
  #predecessors: readonly string[] = []
  /** What is written. */
  #current: PartCheckpoint
  /** What is known to be committed, or was there when this part began. */
  #committed: PartCheckpoint
  /** Handed out by `checkpoint` since: it may be committed, even where the commit is said to have failed. */
  #offered: PartCheckpoint | undefined
  #everOffered = false
  #published = false

  private constructor(options: PartFileOptions, target: string, number: number, part: Part) {
    this.#number = number
    this.#target = target
    this.#owner = options.owner
    this.#existing = options.existing
    this.#handle = part.handle
    this.#current = part.at
    this.#committed = part.at
  }

  /** Begins with the header, or with a copy of what was committed. */
  static async open(options: PartFileOptions): Promise<PartFile> {
    const target = resolve(options.target)
    const from = options.from === undefined ? undefined : decodePartCheckpoint(options.from, target)
    await mkdir(dirname(target), { recursive: true })
    if (options.existing === 'refuse') await refuseExisting(target, from)
    const number = 1 + (from ? numberOfPart(from.part, target, options.owner) : 0)
    const own = partName(target, options.owner, number)
    if (from === undefined)
      return new PartFile(options, target, number, await newPart(target, own, options.header))
    const source = await committedFile(from, target)
    const file = new PartFile(options, target, number, await copiedPart(target, own, source, from))
    if (source !== target) file.#predecessors = [source]
    return file
  }

  /**
   * Settles when the bytes are on the disk. Asks for them when it has taken note that what was offered is committed: whoever
   * rolls back because there were none to be had must not go back behind that.
   */
  async append(encode: () => Buffer, records: number): Promise<void> {
    await this.#commitOffered()
    const bytes = encode()
    const { part, ...before } = this.#current
    await writeWhole(this.#handle, bytes, before.bytes)
    await this.#handle.datasync() // brings the header, or what was copied, to the disk as well
    this.#current = {
      part,
      bytes: before.bytes + bytes.length,
      records: before.records + records,
      crc32: crc32(bytes, before.crc32),
    }
  }

  checkpoint(): PartCheckpoint {
    this.#offered = this.#current
    this.#everOffered = true
    return this.#current
  }

  /** Answers what takes the file back to where it is now, as long as no checkpoint was offered since. */
  savepoint(): () => Promise<void> {
    const at = this.#current
    return async () => {
      this.#current = at
      await this.#handle.truncate(at.bytes)
    }
  }

  /** Back to the last checkpoint that is known to be committed. One that may be committed keeps its part file. */
  async rollBack(): Promise<void> {
    if (this.#offered) {
      const offered = this.#pathOf(this.#offered.part)
      const own = partName(this.#target, this.#owner, ++this.#number)
      const part = await copiedPart(this.#target, own, offered, this.#committed)
      await this.#handle.close()
      this.#handle = part.handle
      this.#committed = part.at
      this.#predecessors = [...this.#predecessors, offered]
      this.#offered = undefined
      this.#everOffered = false
    } else await this.#handle.truncate(this.#committed.bytes)
    this.#current = this.#committed
  }

  /** Gives the file its name. Repeating it changes nothing. */
  async publish(footer: Buffer): Promise<void> {
    if (this.#published) return
    const { part, bytes } = this.#current
    await writeWhole(this.#handle, footer, bytes)
    await this.#handle.truncate(bytes + footer.length)
    await this.#handle.sync()
    if (this.#existing === 'refuse') await refuseExisting(this.#target, this.#current)
    await rename(this.#pathOf(part), this.#target)
    await syncFolder(dirname(this.#target))
    this.#published = true
    await this.#removePredecessors()
  }

  /** Keeps the part file only where a restart may need it. */
  async close(): Promise<void> {
    await this.#handle.close()
    if (!this.#published && !this.#everOffered) await rm(this.#pathOf(this.#current.part), { force: true })
  }

  async #commitOffered(): Promise<void> {
    if (!this.#offered) return
    this.#committed = this.#offered
    this.#offered = undefined
    await this.#removePredecessors()
  }

  async #removePredecessors(): Promise<void> {
    const files = this.#predecessors
    this.#predecessors = []
    await Promise.all(files.map((file) => rm(file, { force: true })))
  }

  #pathOf(part: string): string {
    return join(dirname(this.#target), part)
  }
}

function partName(target: string, owner: string, number: number): string {
  return `.${basename(target)}.${encodeURIComponent(owner)}${number === 1 ? '' : `-${number}`}.part`
}

/** 0 for the part file of another owner. An owner that opens again must not write over what it committed before. */
function numberOfPart(part: string, target: string, owner: string): number {
  const first = partName(target, owner, 1).slice(0, -'.part'.length)
  if (!part.startsWith(first)) return 0
  const number = /^(?:-(\d+))?\.part$/.exec(part.slice(first.length))
  return number ? Number(number[1] ?? 1) : 0
}

async function newPart(target: string, part: string, header: Buffer): Promise<Part> {
  const handle = await open(join(dirname(target), part), 'w')
  await orClose(handle, writeWhole(handle, header, 0))
  await orClose(handle, syncFolder(dirname(target)))
  return { handle, at: { part, bytes: header.length, records: 0, crc32: crc32(header) } }
}

async function copiedPart(target: string, part: string, source: string, at: PartCheckpoint): Promise<Part> {
  const own = join(dirname(target), part)
  await copyFile(source, own, constants.COPYFILE_FICLONE)
  const handle = await open(own, 'r+')
  await orClose(
    handle,
    handle.truncate(at.bytes).then(() => handle.sync()),
  )
  return { handle, at: { ...at, part } }
}

async function orClose(handle: FileHandle, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** A target that begins with what was committed is our own, published before the step could be recorded. */
async function refuseExisting(target: string, committed: PartCheckpoint | undefined): Promise<void> {
  if ((await sizeOf(target)) === undefined) return
  if (committed !== undefined && (await beginsWith(target, committed))) return
  const message = `${target} exists already: remove it, or let the writer replace it (existing: 'replace')`
  throw new BatchError('WRITE_FAILED', message, { details: { target } })
}
