/** Whether a file is still the one that was read, as far as it was read. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ReaderScope } from '../core/ports/item-reader.ts'
import type { ByteSource } from './byte-source.ts'
import { comparePrefix, readPrefix, type Comparison } from './compare-prefix.ts'
import { type FileIdentity, isUntouched, type RememberedInput } from './input-identity.ts'
import type { Prefix } from './prefix-hash.ts'

export interface InputCheck {
  /** The path, for messages. */
  readonly file: string
  /** Of the checkpoint. */
  readonly offset: number
  readonly was: RememberedInput | undefined
  readonly is: FileIdentity
  /** The file from its beginning, for this alone. */
  readonly reread: () => Promise<ByteSource>
  readonly scope: Pick<ReaderScope, 'acceptChanges' | 'logger'>
}

/**
 * A file that nobody has touched is not read again; of any other the part that was read before is compared. What stands
 * behind that part may be other than it was: a record was mended, or more were appended. That is said in the log.
 * @returns what stands before the checkpoint, for the checkpoints to come.
 * @throws BatchError INPUT_CHANGED
 */
export async function checkInput(check: InputCheck): Promise<Prefix> {
  const { offset, was, reread } = check
  const known = was !== undefined && (await isSame(check, was)) ? was.prefix : undefined
  if (known?.end.bytes === offset) return known
  return withSource(reread, (source) => readPrefix(source, offset, known))
}

/** False where it is another, and that is accepted. */
async function isSame({ file, is, reread, scope }: InputCheck, was: RememberedInput): Promise<boolean> {
  if (isUntouched(was.identity, is)) return true
  const found = await withSource(reread, (source) => comparePrefix(source, was.prefix))
  const facts = { file, was: was.identity, is }
  if (found.outcome === 'same') {
    scope.logger.info(facts, 'the file was changed, but not in the part that was read')
    return true
  }
  if (scope.acceptChanges !== true) throw inputChanged(file, was, is, found)
  scope.logger.warn({ ...facts, ...found }, 'goes on in a file that was changed, which is accepted')
  return false
}

async function withSource<R>(
  reread: InputCheck['reread'],
  work: (source: ByteSource) => Promise<R>,
): Promise<R> {
  const source = await reread()
  try {
    return await work(source)
  } finally {
    await source.close()
  }
}

function inputChanged(
  file: string,
  { identity: was, prefix }: RememberedInput,
  is: FileIdentity,
  found: Exclude<Comparison, { outcome: 'same' }>,
): BatchError {
  const read = prefix.end.bytes
  return new BatchError(
    'INPUT_CHANGED',
    `${file} is not the file any more of which ${read} bytes were read: ${describe(found)}.\n` +
      `  then ${was.size} bytes, modified ${was.modified}\n` +
      `  now  ${is.size} bytes, modified ${is.modified}\n` +
      'Put the former file back: what stands behind the part that was read may be mended or appended to. Or start an instance ' +
      'with other identifying parameters. Or, where going on at this byte is right, restart with --accept-changes.',
    { details: { file, read, was, is, ...found } },
  )
}

function describe(found: Exclude<Comparison, { outcome: 'same' }>): string {
  return found.outcome === 'shorter'
    ? `it has only ${found.bytes}`
    : `the first that differs is among bytes ${found.from + 1} to ${found.to}`
}
