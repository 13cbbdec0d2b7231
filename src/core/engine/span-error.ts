/** What a span is told of an error: enough to find it in the log, and no more, since traces go to other systems. */
import { isBatchError } from '../model/batch-error.ts'
import { causeChain, cutText, thrownText } from '../model/error-description.ts'
import type { SpanError } from '../ports/tracing.ts'

const MESSAGE_LIMIT = 500
/** User and password of an address. */
const CREDENTIALS = /(?<=\/\/)[^/\s@]+@/g
/** `password=…`, as in connection strings. */
const SECRET_PAIRS =
  /\b(password|passwd|pwd|secret|token|api_?key)(["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi

/** The first line of its message, without credentials; no stack, no details, no causes. */
export function spanError(error: unknown): SpanError {
  const code = codeOf(error)
  return {
    type: error instanceof Error ? error.name : typeof error,
    message: withoutSecrets(cutText(thrownText(error).split('\n', 1)[0] ?? '', MESSAGE_LIMIT)),
    ...(code !== undefined && { code }),
  }
}

function withoutSecrets(text: string): string {
  return text.replaceAll(CREDENTIALS, '***@').replaceAll(SECRET_PAIRS, '$1$2***')
}

/** The framework's own, else the first that is found beneath. */
function codeOf(error: unknown): string | undefined {
  const codes = causeChain(error).map((one) =>
    isBatchError(one) ? one.code : (one as { code?: unknown } | null)?.code,
  )
  return codes.find((code) => typeof code === 'string')
}
