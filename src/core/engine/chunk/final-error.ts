/** Which errors end a step whatever its policies say. */
import { isBatchError } from '../../model/batch-error.ts'

/** Of the framework's own errors only a failed write, and a repository lost before anything was committed, may be repeated. */
export function isFinal(error: unknown): boolean {
  if (!isBatchError(error)) return false
  const outcome = error.details['outcome']
  if (error.code === 'REPOSITORY_UNAVAILABLE') return outcome !== 'nothing-committed'
  return error.code !== 'WRITE_FAILED' || outcome === 'committed' || outcome === 'unknown'
}
