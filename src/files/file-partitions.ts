/** The files of a directory as partitions of a step. */
import { createHash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { BatchError } from '../core/model/batch-error.ts'
import type { Partition } from '../core/model/partition.ts'

export interface FileSelection {
  readonly directory: string
  /** Of the file's name: `.csv`; with several, any of them. @default every file */
  readonly suffix?: string | readonly string[]
  /** Of the files with the suffix those for whose name this is true. @default all */
  readonly where?: (name: string) => boolean
}

/**
 * One partition for each file that is there now, in the order of their names: the file's name is the partition's, the absolute
 * path its value. A name of more than 40 characters is cut, and ends in a hash of itself. Hidden files (`.name`) and what lies in
 * folders beneath are left out; links to files are files.
 * @throws BatchError READ_FAILED where the directory cannot be read
 */
export async function filePartitions(selection: FileSelection): Promise<readonly Partition<string>[]> {
  const directory = resolve(selection.directory)
  const partitions: Partition<string>[] = []
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name)
    if (isWanted(selection, entry.name) && (await isFile(entry, path)))
      partitions.push({ name: shortName(entry.name), value: path })
  }
  return partitions
}

/** By code units, so that every machine has the same order. */
async function entriesOf(directory: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    return entries.toSorted((one, other) => (one.name < other.name ? -1 : 1))
  } catch (cause) {
    throw new BatchError(
      'READ_FAILED',
      `Cannot list the files of ${directory}: ${(cause as Error).message}. Give the path of a directory that this process may read.`,
      { details: { directory, cwd: process.cwd() }, cause },
    )
  }
}

function isWanted({ suffix = '', where }: FileSelection, name: string): boolean {
  const suffixes = typeof suffix === 'string' ? [suffix] : suffix
  if (name.startsWith('.') || !suffixes.some((one) => name.endsWith(one))) return false
  return where?.(name) ?? true
}

/** One that has gone since the directory was listed is none. */
async function isFile(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isFile()
  return stat(path).then(
    (target) => target.isFile(),
    () => false,
  )
}

/** Leaves 59 of Spring's 100 characters to the step's name. */
const NAME_LIMIT = 40
const HASH_LENGTH = 12

function shortName(fileName: string): string {
  const characters = Array.from(fileName)
  if (characters.length <= NAME_LIMIT && fileName.trim() !== '') return fileName
  const hash = createHash('sha256').update(fileName).digest('hex').slice(0, HASH_LENGTH)
  return `${characters.slice(0, NAME_LIMIT - HASH_LENGTH - 1).join('')}~${hash}`
}
