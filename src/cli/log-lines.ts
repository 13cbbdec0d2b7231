/** The log for a person at a terminal: pino's JSON lines as one short line each. Everywhere else they stay JSON. */
import { styled } from './output.ts'

interface LogLine {
  readonly level: number
  readonly msg?: string
  readonly job?: string
  readonly execution?: string
  readonly step?: string
  readonly err?: { readonly type?: string; readonly message?: string }
}

/** `error load-trades 42 load: step load failed: TypeError: x is not a function` */
export function logLineText(json: string): string {
  const { level, job, execution, step, msg = '', err } = JSON.parse(json) as LogLine
  const origin = [job, execution, step].filter((part) => part !== undefined).join(' ')
  const cause =
    err === undefined ? '' : `: ${[err.type, err.message].filter((part) => part !== undefined).join(': ')}`
  return `${levelText(level)} ${origin === '' ? '' : `${origin}: `}${msg}${cause}`
}

function levelText(level: number): string {
  if (level >= 50) return styled('red', 'error', process.stderr)
  if (level >= 40) return styled('yellow', 'warn', process.stderr)
  return level >= 30 ? 'info' : 'debug'
}
