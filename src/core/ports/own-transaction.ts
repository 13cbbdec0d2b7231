/** A writer's own transaction, elsewhere than in the repository, that keeps how far the step has come. */
import type { StoredCheckpoint } from '../model/json-value.ts'
import type { ReconciledCounts } from '../model/step-execution.ts'

/**
 * The two commits of a chunk cannot be one. So the chunk is first announced in the repository, with all that is to be recorded of
 * it; then the writer commits it together with its mark; then the repository records it. What the writer has committed is the
 * truth: a restart finds the mark and records what is missing, or forgets what was only announced. Before the first chunk a mark of
 * chunk 0 is committed, so that where none is found later it was lost.
 */
export interface OwnTransaction {
  /**
   * The mark of the last chunk that was committed, over all executions of the step in its instance; undefined where there is none.
   * Asked once, before the first write, when no earlier process can commit any more. `reader`: where the reader stands, as far as
   * the repository knows or was announced, for a writer that keeps its marks beside the reader's source.
   */
  readonly lastMark: (reader: StoredCheckpoint | undefined) => Promise<KeptMark | undefined>
  /**
   * Commits what was written since the last commit, which may be nothing, together with the mark.
   * @throws where nothing of it is committed; BatchError with `details.outcome` 'unknown' where that is not known, and the step ends
   */
  readonly commit: (mark: ChunkMark) => Promise<void>
}

export interface ChunkMark {
  /** The chunks of the step in its instance are numbered from 1 on; 0: none was written yet. */
  readonly chunk: number
  /** Of the step in its instance, this chunk included. */
  readonly counts: ReconciledCounts
  /** Where the reader stands behind the chunk. */
  readonly reader: StoredCheckpoint | undefined
}

/** A mark as it is found again. */
export interface KeptMark extends Omit<ChunkMark, 'reader'> {
  /** Where the writer's place keeps it: then even a repository that has lost its last commits is brought up to the mark. */
  readonly reader?: StoredCheckpoint
}
