/** What an execution remembers between chunks, steps and restarts. */
import type { JsonValue } from './json-value.ts'

/**
 * A value that TypeScript has no type for but Java has, kept as it was found: `{ javaType: 'java.time.LocalDate',
 * value: '2026-02-01' }`.
 */
export interface JavaValue {
  readonly javaType: string
  readonly value: JsonValue
}

/**
 * A bigint is stored as a Java Long. A whole number is an Integer within 32 bits and a Long beyond, any other number a
 * Double. Null at the root removes the key.
 */
export type ContextValue = JsonValue | JavaValue

export type ExecutionContext = { readonly [key: string]: ContextValue }

/**
 * A context as the repository holds it. Ours and those that Spring wrote as Jackson 3 JSON can be read; one in another
 * form (Java serialisation, Jackson 2, broken text) stays opaque: it is shown, kept untouched, and never resumed from.
 */
export type StoredContext =
  | { readonly kind: 'readable'; readonly values: ExecutionContext }
  | {
      readonly kind: 'opaque'
      readonly form: 'java-serialized' | 'jackson-2' | 'unknown'
      readonly text: string
    }

export const EMPTY_CONTEXT: StoredContext = { kind: 'readable', values: {} }

/** Keys that belong to the framework; authors cannot set them. */
export const RESERVED_PREFIXES = ['batchwright.', 'batch.'] as const

/** The reader's checkpoint of the last committed chunk. */
export const READER_CHECKPOINT_KEY = 'batchwright.reader'
/** The writer's checkpoint of the last committed chunk. */
export const WRITER_CHECKPOINT_KEY = 'batchwright.writer'
/** Of a writer with a transaction of its own: the number of the last chunk, and the one that is announced. */
export const OWN_TRANSACTION_KEY = 'batchwright.ownTransaction'
/** Set while a step that Spring began is not yet resumed: an execution of ours that was refused must not hide it. */
export const BEGUN_BY_SPRING_KEY = 'batchwright.begunBySpring'
/** The exit status of a tasklet that is done, committed in its last turn's transaction. */
export const TASKLET_DONE_KEY = 'batchwright.done'
/** The job that a step runs: its recorded parameters, and its latest execution. */
export const CHILD_JOB_KEY = 'batchwright.job'
/** In the job's context: by the path of a flow that has stopped, the state at which a restart begins it. */
export const FLOW_RESTART_KEY = 'batchwright.flow'
/** Which plan a partitioned step works on; the plan itself is in the repository. */
export const PARTITION_PLAN_KEY = 'batchwright.partitions'
/** Set by Spring 6 while it scans a failed chunk: reads of the chunk that were already dealt with. */
export const SPRING_CHUNK_SCAN_KEY = 'batch.chunkScanOffset'
