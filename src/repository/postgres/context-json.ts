/** Execution contexts as Spring Batch's Jackson 3 serializer writes and reads them. */
import { parse } from 'lossless-json'
import { BatchError } from '../../core/model/batch-error.ts'
import type { ExecutionContext, StoredContext } from '../../core/model/execution-context.ts'
import { decodeJava, encodeJava, JsonNumber } from './java-json.ts'

/** At the root, Jackson 2 writes the map's class under this key, and so tells its form from Jackson 3's. */
const JACKSON_2_MARK = '@class'

/**
 * The JSON text. Root values of null are left out, as Spring's `put(key, null)` removes the key: its map refuses nulls,
 * and one would make the execution unreadable for it.
 * @throws BatchError INVALID_JOB_DEFINITION naming the key, for what cannot be stored.
 */
export function encodeContext(context: ExecutionContext): string {
  const entries = Object.entries(context).filter(([, value]) => value !== null && value !== undefined)
  if (Object.hasOwn(context, JACKSON_2_MARK)) throw reservedKey()
  const fields = entries.map(([key, value]) => `${encodeJava(key, key)}:${encodeJava(value, key)}`)
  return `{${fields.join(',')}}`
}

/** Never throws: what is not in Jackson 3's form stays opaque. */
export function decodeContext(text: string): StoredContext {
  if (text.startsWith('rO0AB')) return { kind: 'opaque', form: 'java-serialized', text }
  const root = parseRoot(text)
  if (root === undefined) return { kind: 'opaque', form: 'unknown', text }
  if (Object.hasOwn(root, JACKSON_2_MARK)) return { kind: 'opaque', form: 'jackson-2', text }
  try {
    const entries = Object.entries(root).map(([key, value]) => [key, decodeJava(value)] as const)
    return { kind: 'readable', values: Object.fromEntries(entries) }
  } catch (error) {
    if (error instanceof SyntaxError) return { kind: 'opaque', form: 'unknown', text }
    throw error
  }
}

function reservedKey(): BatchError {
  return new BatchError(
    'INVALID_JOB_DEFINITION',
    `the execution context cannot hold the key '${JACKSON_2_MARK}', by which Spring marks another form; take another key`,
  )
}

function parseRoot(text: string): Record<string, unknown> | undefined {
  try {
    const root = parse(text, null, (digits) => new JsonNumber(digits))
    return typeof root === 'object' && root !== null && !Array.isArray(root) && !(root instanceof JsonNumber)
      ? (root as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
