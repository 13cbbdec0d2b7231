/** What one check of `batchwright doctor` has found. */
import { isBatchError } from '../../core/model/batch-error.ts'
import { exitCodeOfError } from '../../core/operator/exit-code.ts'

export interface Finding {
  readonly check: string
  /** A warning changes no exit code. */
  readonly state: 'ok' | 'warning' | 'problem'
  readonly text: string
  /** What to do; null where there is nothing to do, or the text says it. */
  readonly remedy: string | null
  /** Of a problem: 2 where somebody has to mend it, 7 where it may pass by itself. */
  readonly exitCode: 0 | 2 | 7
}

export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text, remedy: null, exitCode: 0 }
}

export function warning(check: string, text: string, remedy: string): Finding {
  return { check, state: 'warning', text, remedy, exitCode: 0 }
}

export function problem(check: string, exitCode: 2 | 7, text: string, remedy: string | null): Finding {
  return { check, state: 'problem', text, remedy, exitCode }
}

/** Our errors say what to do themselves. */
export function failed(check: string, error: unknown): Finding {
  const text = error instanceof Error ? error.message : String(error)
  const code = isBatchError(error) && exitCodeOfError(error) === 7 ? 7 : 2
  return problem(check, code, text, null)
}

/** What has to be mended comes first: a retry would not help. */
export function exitCodeOfFindings(findings: readonly Finding[]): number {
  const codes = findings.map(({ exitCode }) => exitCode)
  if (codes.includes(2)) return 2
  return codes.includes(7) ? 7 : 0
}
