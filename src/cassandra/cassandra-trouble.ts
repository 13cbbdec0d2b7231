/** What an error of the store says of the request that failed, told by what drivers put on it. */
import { thrownText } from '../core/model/error-description.ts'
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

/** Of a request for which several hosts were tried: the error of each. */
export function innerErrors(error: unknown): readonly unknown[] {
  return Object.values((error as { readonly innerErrors?: object } | null)?.innerErrors ?? {})
}

/** In a line: the driver's own text of several hosts' errors has their stacks in it. */
export function troubleText(error: unknown): string {
  const hosts = Object.entries((error as { readonly innerErrors?: object } | null)?.innerErrors ?? {})
  const text =
    hosts.length === 0
      ? thrownText(error)
      : hosts.map(([host, inner]) => `${host}: ${thrownText(inner)}`).join('; ')
  return text.trim().replace(/\.$/, '')
}
