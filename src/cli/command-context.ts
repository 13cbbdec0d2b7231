/** What every command is given. */
import type { Logger } from '../core/ports/logger.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { LOG_LEVELS, type LogLevel } from './config.ts'
import { findProject, type Project, type ProjectOptions } from './find-project.ts'
import { logLineText } from './log-lines.ts'
import type { Output } from './output.ts'

/** The options that every command understands. */
export interface GlobalOptions extends ProjectOptions {
  readonly json?: boolean
  readonly verbose?: boolean
  readonly logLevel?: string
}

export interface CommandContext {
  readonly options: GlobalOptions
  readonly output: Output
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** @throws BatchError INVALID_CONFIGURATION */
export function projectOf({ options, cwd }: CommandContext): Promise<Project> {
  return findProject(options, cwd)
}

/** The level of the option, else of BATCHWRIGHT_LOG_LEVEL, else of the config. JSON lines, unless a person reads them. */
export async function loggerFor(
  { options, environment, output }: CommandContext,
  project: Project,
): Promise<Logger> {
  const { pino } = await import('pino')
  const wanted = options.logLevel ?? environment['BATCHWRIGHT_LOG_LEVEL'] ?? project.config.logLevel
  const level = checkLevel(wanted === undefined || wanted === '' ? 'warn' : wanted)
  if (process.stderr.isTTY) return pino({ level }, { write: (line) => output.tell(logLineText(line)) })
  return pino(
    { level },
    pino.destination({ fd: 2, sync: true }).on('error', () => {}),
  )
}

function checkLevel(level: string): LogLevel {
  const known = LOG_LEVELS.find((one) => one === level)
  if (known !== undefined) return known
  throw new BatchError(
    'INVALID_CONFIGURATION',
    `There is no log level ${level}. There are ${LOG_LEVELS.join(', ')}.`,
    { details: { level } },
  )
}
