/** What the quarantine keeps of an item, or of a record that could not be read. */
import { inspect } from 'node:util'
import { encodeItem, UnkeepableItem } from './item-json.ts'
import { describeOne, thrownText } from './error-description.ts'
import type { QuarantinedError, QuarantinedPayload } from './quarantined-item.ts'

/** In bytes of the text that is stored. */
export const PAYLOAD_LIMIT = 65_536
/** What is kept of one that cannot be kept whole, in UTF-16 units: enough to know it again. */
const KEPT_BEGINNING = 2_000

/** Never throws: an item that cannot be kept faithfully is `cut`, with the reason. */
export function quarantinePayload(item: unknown, limit: number = PAYLOAD_LIMIT): QuarantinedPayload {
  let json: string
  try {
    json = encodeItem(item)
  } catch (error) {
    // Also what a getter or a proxy of the author's throws, and a stack that a deep item has used up.
    const reason =
      error instanceof UnkeepableItem ? error.message : `it cannot be read: ${describeOne(error)}`
    return cut(shown(item), `${reason}, which JSON cannot hold`)
  }
  const bytes = Buffer.byteLength(json)
  return bytes <= limit ? { kind: 'item', json } : cut(json, tooLarge(bytes, limit))
}

/** Of a record as it stands in its source. `lossy`: its bytes mean nothing in the encoding, so the text is not it. */
export function quarantineRaw(
  raw: string,
  fidelity: 'exact' | 'lossy' = 'exact',
  limit: number = PAYLOAD_LIMIT,
): QuarantinedPayload {
  if (fidelity === 'lossy')
    return cut(raw, "the record holds bytes that mean nothing in the source's encoding")
  const bytes = Buffer.byteLength(raw)
  return bytes <= limit ? { kind: 'raw', text: raw } : cut(raw, tooLarge(bytes, limit))
}

/** The type that `quarantine list --error` asks for: the code of an error that has one, else its name. */
export function quarantinedError(error: unknown): QuarantinedError {
  if (!(error instanceof Error)) return { type: typeof error, message: describeOne(error) }
  const { code, name } = error as { code?: unknown; name: unknown }
  const type = [code, name].find((one): one is string => typeof one === 'string' && one !== '')
  return { type: type ?? 'Error', message: thrownText(error) }
}

function cut(text: string, reason: string): QuarantinedPayload {
  return { kind: 'cut', text: text.slice(0, KEPT_BEGINNING), reason }
}

function tooLarge(bytes: number, limit: number): string {
  return `it has ${bytes} bytes; at most ${limit} are kept`
}

function shown(item: unknown): string {
  try {
    return inspect(item, { depth: 3, maxArrayLength: 20, maxStringLength: 500, getters: false })
  } catch {
    return 'an item that cannot be shown'
  }
}
