/** The log of one execution. */
import { thrownText } from '../model/error-description.ts'
import type { Logger } from '../ports/logger.ts'

type Serializer = (error: unknown) => unknown

/** Pino's public symbol. */
const SERIALIZERS = Symbol.for('pino.serializers')

/**
 * The logger's child, whose `err` never throws: pino marks errors while it writes them down, which a frozen one refuses, and
 * reads all their properties. What cannot be logged must not decide how a step ends.
 */
export function executionLogger(
  logger: Logger,
  bindings: Readonly<Record<string, unknown>>,
  level: string = logger.level,
): Logger {
  const serializers = (logger as unknown as Record<symbol, { readonly err?: Serializer } | undefined>)[
    SERIALIZERS
  ]
  const inherited = serializers?.err
  if (inherited === undefined) return logger.child({ ...bindings }, { level })
  return logger.child({ ...bindings }, { level, serializers: { err: orText(inherited) } })
}

function orText(serialize: Serializer): Serializer {
  return (error) => {
    try {
      return serialize(error)
    } catch {
      return { type: 'Error', message: thrownText(error) }
    }
  }
}
