/** Checkpoints as they are stored: with the kind of reader or writer that made them, and the version of their layout. */
import { BatchError } from '../../model/batch-error.ts'
import {
  type ContextValue,
  type ExecutionContext,
  READER_CHECKPOINT_KEY,
  WRITER_CHECKPOINT_KEY,
} from '../../model/execution-context.ts'
import type { Checkpoint, StoredCheckpoint } from '../../model/json-value.ts'
import type { StepRun } from '../step-run.ts'

/** A reader or a writer, as far as its checkpoints go. */
export interface CheckpointOwner {
  readonly kind: string
  readonly description: string
  readonly checkpointVersion?: number
  readonly migrateCheckpoint?: (stored: StoredCheckpoint) => Checkpoint | undefined
}

const KEYS: Readonly<Record<Role, string>> = { reader: READER_CHECKPOINT_KEY, writer: WRITER_CHECKPOINT_KEY }
const FIRST_VERSION = 1

/** A writer that has nothing to find again has no `at`: that it was this kind is kept all the same. */
export function sealCheckpoint(
  { kind, checkpointVersion }: CheckpointOwner,
  at: Checkpoint | undefined,
): ContextValue {
  return { kind, version: checkpointVersion ?? FIRST_VERSION, ...(at === undefined ? {} : { at }) }
}

/** A reader's, which always has an `at`. */
export function storedCheckpoint(sealed: ContextValue): StoredCheckpoint {
  return sealed as unknown as StoredCheckpoint
}

/** Where the reader stands, as the context keeps it. */
export function storedReader(context: ExecutionContext): StoredCheckpoint | undefined {
  const sealed = context[READER_CHECKPOINT_KEY]
  return sealed === undefined ? undefined : storedCheckpoint(sealed)
}

type Role = 'reader' | 'writer'
type Sealed = Omit<StoredCheckpoint, 'at'> & Partial<Pick<StoredCheckpoint, 'at'>>

/**
 * What `owner` may resume from; undefined where nothing is stored.
 * @throws BatchError JOB_DEFINITION_CHANGED for the checkpoint of another kind, CHECKPOINT_REFUSED for one of another
 * version, where the owner does not migrate it.
 */
export function unsealCheckpoint(
  run: Pick<StepRun, 'stepName' | 'acceptsChange'>,
  owner: CheckpointOwner,
  context: ExecutionContext,
  role: Role,
): Checkpoint | undefined {
  const sealed = context[KEYS[role]] as unknown as Sealed | undefined
  if (sealed === undefined) return undefined
  const version = owner.checkpointVersion ?? FIRST_VERSION
  const isSameKind = sealed.kind === owner.kind
  if (isSameKind && (sealed.at === undefined || Number(sealed.version) === version)) return sealed.at
  const change = `step ${run.stepName}: ${role} was ${sealed.kind}, is ${owner.kind}`
  if (sealed.at === undefined) {
    if (run.acceptsChange(change)) return undefined
    throw kindChanged(owner, change, sealed, ACCEPTABLE)
  }
  const migrated = owner.migrateCheckpoint?.({
    kind: sealed.kind,
    version: Number(sealed.version),
    at: sealed.at,
  })
  if (migrated !== undefined) return migrated
  throw isSameKind
    ? versionRefused(owner, version, sealed)
    : kindChanged(
        owner,
        change,
        sealed,
        'Set it back, give it a migrateCheckpoint that takes the stored one,',
      )
}

const ACCEPTABLE =
  'Set it back, name this change in acceptedChanges of the job, restart with --accept-changes,'

function kindChanged(owner: CheckpointOwner, change: string, stored: Sealed, remedy: string): BatchError {
  return new BatchError(
    'JOB_DEFINITION_CHANGED',
    `${owner.description} cannot go on where another kind has stopped: the definition of the job has changed since.\n  ${change}\n` +
      `${remedy} or start an instance with other identifying parameters.`,
    { details: { changes: [change], stored: stored.kind, storedVersion: stored.version } },
  )
}

function versionRefused(owner: CheckpointOwner, version: number, stored: Sealed): BatchError {
  return new BatchError(
    'CHECKPOINT_REFUSED',
    `${owner.description} (${owner.kind}) has checkpoints of version ${version} and cannot resume from one of version ` +
      `${stored.version}: restart it with the version of ${owner.kind} that began it, give it a migrateCheckpoint, or start an ` +
      'instance with other identifying parameters.',
    { details: { kind: owner.kind, version, stored: stored.kind, storedVersion: stored.version } },
  )
}
