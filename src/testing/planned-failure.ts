/** What a failing reader or writer throws, and how often. */

export interface FailureOptions {
  /** @default an Error that says where it failed; with `transient` one with the code of a serialization failure, 40001 */
  readonly error?: Error | (() => Error)
  /** So often, then never again, whatever it is opened by: 1 is a failure that has passed when it is tried again. @default always */
  readonly times?: number
  /** Such as passes by itself, for `isTransient`. @default false */
  readonly transient?: boolean
}

export interface PlannedFailure {
  readonly isDue: () => boolean
  /** Counts it. */
  readonly next: (where: string) => Error
}

export function planFailure({ error, times = Infinity, transient = false }: FailureOptions): PlannedFailure {
  let failures = 0
  return {
    isDue: () => failures < times,
    next: (where) => {
      failures += 1
      if (error !== undefined) return typeof error === 'function' ? error() : error
      const planned = new Error(`planned failure: ${where}`)
      return transient ? Object.assign(planned, { code: '40001' }) : planned
    },
  }
}
