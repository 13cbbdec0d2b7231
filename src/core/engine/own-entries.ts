/** The framework's own entries in an execution context, apart from the author's. */
import {
  BEGUN_BY_SPRING_KEY,
  CHILD_JOB_KEY,
  type ExecutionContext,
  OWN_TRANSACTION_KEY,
  READER_CHECKPOINT_KEY,
  TASKLET_DONE_KEY,
  PARTITION_PLAN_KEY,
  WRITER_CHECKPOINT_KEY,
} from '../model/execution-context.ts'

const OWN_KEYS: readonly string[] = [
  READER_CHECKPOINT_KEY,
  WRITER_CHECKPOINT_KEY,
  OWN_TRANSACTION_KEY,
  TASKLET_DONE_KEY,
  PARTITION_PLAN_KEY,
  CHILD_JOB_KEY,
  BEGUN_BY_SPRING_KEY,
]

export function ownEntries(context: ExecutionContext): ExecutionContext {
  return Object.fromEntries(Object.entries(context).filter(([key]) => OWN_KEYS.includes(key)))
}

export function authorsEntries(context: ExecutionContext): ExecutionContext {
  return Object.fromEntries(Object.entries(context).filter(([key]) => !OWN_KEYS.includes(key)))
}
