/** What an error of the store says of the request that failed, told by what drivers put on it. */
import { isTransient } from '../core/model/transient-error.ts'

const READ_TIMEOUT = 0x1200
const READ_FAILURE = 0x1300
const WRITE_FAILURE = 0x1500

function codeOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'ResponseError'
    ? (error as { readonly code?: unknown }).code
    : undefined
}

/** Replicas may fail a read for the tombstones in it, or for a node that is going: smaller requests may pass. */
export function isWorthAnotherRead(error: unknown): boolean {
  return isTransient(error) || codeOf(error) === READ_FAILURE
}

/** The request was too much for the time there was. */
export function isTooMuch(error: unknown): boolean {
  const code = codeOf(error)
  const isTimeout = error instanceof Error && error.name === 'OperationTimedOutError'
  return isTimeout || code === READ_TIMEOUT || code === READ_FAILURE
}

export function isWorthAnotherWrite(error: unknown): boolean {
  return isTransient(error) || codeOf(error) === WRITE_FAILURE
}

/** Before anything was sent to a replica: too few are there, or the coordinator is only starting. */
const NOT_BEGUN: readonly unknown[] = [0x1000, 0x1002]

/** Of a failed write that is worth another: it may be done, or not, and nobody knows. */
export function isAmbiguous(error: unknown): boolean {
  return !NOT_BEGUN.includes(codeOf(error))
}
