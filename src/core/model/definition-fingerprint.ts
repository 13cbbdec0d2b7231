/** What of a job's definition matters when an execution is continued: recorded with each execution, and readable. */

export interface DefinitionFingerprint {
  /** Of this layout. One that is not known is not compared. */
  readonly format: typeof FINGERPRINT_FORMAT
  /** The Java type of each parameter, by name. */
  readonly parameters: Readonly<Record<string, string>>
  /** In the order in which they are written. */
  readonly steps: readonly StepFingerprint[]
  readonly flow: FlowFingerprint
}

export interface FlowFingerprint {
  /** Each step behind the one before, in the order in which they are written. */
  readonly sequential: boolean
  /** Where each state leads, in words, by its path: `both/left/load` in a branch of a split. The flow's own path is empty. */
  readonly states: Readonly<Record<string, string>>
}

export interface StepFingerprint {
  readonly name: string
  /** In words: `chunk-oriented`. */
  readonly kind: string
  /** What else a half-done step of this kind relies on, in words: `{ partitioner: 'ranges' }`. */
  readonly traits?: Readonly<Record<string, string>>
}

export const FINGERPRINT_FORMAT = 1

/** What was recorded; null for what a later version has recorded in a layout of its own. */
export function decodeFingerprint(text: string): DefinitionFingerprint | null {
  const recorded = JSON.parse(text) as { readonly format?: unknown }
  return recorded.format === FINGERPRINT_FORMAT ? (recorded as DefinitionFingerprint) : null
}
