/** What the engine gives to readers and writers, as the contract suites give it. */
import { pino } from 'pino'
import type { JsonValue } from '../../core/model/json-value.ts'
import { BatchError } from '../../core/model/batch-error.ts'
import type { Logger } from '../../core/ports/logger.ts'
import type { Resources, Transaction } from '../../core/ports/resource.ts'

export const SILENT_LOGGER: Logger = pino({ level: 'silent' })

export const NO_RESOURCES: Resources = { find: () => undefined }

export const NO_TRANSACTION_RESOURCES: Transaction = {
  find: () => undefined,
  savepoint: (work) => work(),
  resource: (key) => {
    throw new BatchError(
      'TRANSACTION_RESOURCE_MISSING',
      `the contract's subject gave no transaction with ${key.name}`,
    )
  },
}

/** The value as it comes back from the repository: through JSON, with bigints kept. */
export function stored<V extends JsonValue>(value: V): V {
  const text = JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'bigint' ? { $bigint: String(part) } : part,
  )
  return JSON.parse(text, (_, part: unknown) => (isStoredBigint(part) ? BigInt(part.$bigint) : part)) as V
}

function isStoredBigint(value: unknown): value is { $bigint: string } {
  return typeof value === 'object' && value !== null && '$bigint' in value
}

/** Rejects where something that has to settle does not. */
export async function withinSeconds<R>(seconds: number, what: string, work: Promise<R>): Promise<R> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not settle within ${seconds} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
