/** Checkpoints as they are stored: with the kind of reader or writer that made them, and the version of their layout. */
import { BatchError } from '../../model/batch-error.ts'
import type { ContextValue, ExecutionContext } from '../../model/execution-context.ts'
import type { Checkpoint } from '../../model/json-value.ts'

/** A reader or a writer, as far as its checkpoints go. */
export interface CheckpointOwner {
  readonly kind: string
  readonly description: string
  readonly checkpointVersion?: number
}

const FIRST_VERSION = 1

export function sealCheckpoint({ kind, checkpointVersion }: CheckpointOwner, at: Checkpoint): ContextValue {
  return { kind, version: checkpointVersion ?? FIRST_VERSION, at }
}

/**
 * What `owner` may resume from; undefined where nothing is stored.
 * @throws BatchError CHECKPOINT_REFUSED for the checkpoint of another kind or version: the definition was changed.
 */
export function unsealCheckpoint(
  owner: CheckpointOwner,
  context: ExecutionContext,
  key: string,
): Checkpoint | undefined {
  const sealed = context[key] as { kind: string; version: number; at: Checkpoint } | undefined
  if (sealed === undefined) return undefined
  const version = owner.checkpointVersion ?? FIRST_VERSION
  if (sealed.kind === owner.kind && sealed.version === version) return sealed.at
  throw new BatchError(
    'CHECKPOINT_REFUSED',
    `${owner.description} (${owner.kind}, checkpoints of version ${version}) cannot resume where ${String(sealed.kind)} ` +
      `(version ${String(sealed.version)}) stopped: the job was changed between two runs. ` +
      'Restart it with the definition that began it, or start an instance with other parameters.',
    { details: { kind: owner.kind, version, stored: sealed.kind, storedVersion: sealed.version } },
  )
}
