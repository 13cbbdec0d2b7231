/** How an execution ended, in a word a scheduler or a flow can act on, and a description for a person. */

export interface ExitStatus<C extends string = string> {
  /** COMPLETED, FAILED, STOPPED … or a word of the author's own. */
  readonly exitCode: C
  /** At most {@link EXIT_DESCRIPTION_LIMIT} characters when stored; empty when there is nothing to say. */
  readonly exitDescription: string
}

/** Spring's column holds 2500 characters. */
export const EXIT_DESCRIPTION_LIMIT = 2500

/** As many characters as Spring's column holds. A longer exit code is cut when it is stored, with a mark at its end. */
export const EXIT_CODE_LIMIT = 2500

const SEVERITIES = ['EXECUTING', 'COMPLETED', 'NOOP', 'STOPPED', 'FAILED', 'UNKNOWN'] as const

export function exitStatus<const C extends string>(exitCode: C, exitDescription = ''): ExitStatus<C> {
  return { exitCode, exitDescription }
}

/**
 * Spring's ExitStatus algebra: the more severe code wins; severity goes by the code's beginning, so that
 * "COMPLETED WITH SKIPS" counts as COMPLETED; a code of the author's own outranks them all; among equals the
 * alphabetically greater wins. Descriptions are joined with "; " unless one is blank or they are equal.
 */
export function combineExitStatus(one: ExitStatus, other: ExitStatus): ExitStatus {
  return {
    exitCode: isMoreSevere(other.exitCode, one.exitCode) ? other.exitCode : one.exitCode,
    exitDescription: joinDescriptions(one.exitDescription, other.exitDescription),
  }
}

function exitSeverity(exitCode: string): number {
  const known = SEVERITIES.findIndex((prefix) => exitCode.startsWith(prefix))
  return known === -1 ? SEVERITIES.length + 1 : known + 1
}

function isMoreSevere(one: string, than: string): boolean {
  const difference = exitSeverity(one) - exitSeverity(than)
  return difference === 0 ? one > than : difference > 0
}

function joinDescriptions(one: string, other: string): string {
  if (other.trim() === '' || one === other) return one
  return one.trim() === '' ? other : `${one}; ${other}`
}
