/** An error as text for the exit description: the root cause first, so that cutting the text never loses it. */
import { inspect } from 'node:util'
import { EXIT_DESCRIPTION_LIMIT } from './exit-status.ts'

const DEEPEST_CAUSE = 20
const SHORTEST_STACK = 80
const CUT_MARK = ' …'

/**
 * Names the error and each cause, then the stack. Spring keeps the head of the stack trace, so deep causes vanish
 * when it is cut; here the chain of messages comes first, root cause last in it, and what is cut is stack.
 */
export function describeError(error: unknown, limit: number = EXIT_DESCRIPTION_LIMIT): string {
  const causes = causeChain(error)
  const messages = joinWithin(causes, limit)
  const stack = causes[0] instanceof Error ? stackFrames(causes[0]) : ''
  const room = limit - messages.length - 1
  return stack === '' || room < SHORTEST_STACK ? messages : `${messages}\n${cutText(stack, room)}`
}

/** The error itself, whatever was thrown, then its cause, the cause's cause … A chain that bites its own tail ends there. */
export function causeChain(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  let current = error
  do {
    chain.push(current)
    current = current instanceof Error ? current.cause : undefined
  } while (
    current !== undefined &&
    current !== null &&
    !chain.includes(current) &&
    chain.length < DEEPEST_CAUSE
  )
  return chain
}

/** Cuts to `limit` UTF-16 units without splitting a surrogate pair; a NUL, which Postgres refuses, becomes U+FFFD. */
export function cutText(text: string, limit: number): string {
  const clean = text.replaceAll('\u0000', '\uFFFD')
  if (clean.length <= limit) return clean
  const end = limit - CUT_MARK.length
  const splitsPair = /[\uD800-\uDBFF]/.test(clean.charAt(end - 1))
  return clean.slice(0, splitsPair ? end - 1 : end) + CUT_MARK
}

/** Each message gets its share of the space, the root cause as much as it needs up to half of it. */
function joinWithin(causes: readonly unknown[], limit: number): string {
  const lines = causes.map(describeOne)
  const whole = lines.join('\ncaused by ')
  if (whole.length <= limit) return cutText(whole, limit)
  const root = cutText(lines.at(-1) ?? '', Math.floor(limit / 2))
  const outer = lines.slice(0, -1).join('\ncaused by ')
  const glue = '\ncaused by '
  return outer === '' ? root : cutText(outer, limit - root.length - glue.length) + glue + root
}

/** `BatchError [WRITE_FAILED]: …`, without its causes. */
export function describeOne(error: unknown): string {
  if (!(error instanceof Error)) return thrownText(error)
  const { code, name } = error as { code?: unknown; name: unknown }
  return typeof code === 'string'
    ? `${textOf(name)} [${code}]: ${thrownText(error)}`
    : `${textOf(name)}: ${thrownText(error)}`
}

/** Anything can be thrown, also what has no text of its own, and errors whose message is none. */
export function thrownText(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return textOf(thrown.message)
    return typeof thrown === 'string' ? thrown : `${textOf(thrown)} was thrown`
  } catch {
    return 'something that cannot be shown was thrown'
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1 })
}

function stackFrames(error: Error): string {
  const frames = stackText(error)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
  return frames.join('\n')
}

/** Empty where there is none: code that looks at call sites can leave something else there than a text. */
export function stackText(error: Error): string {
  try {
    const { stack } = error as { readonly stack?: unknown }
    return typeof stack === 'string' ? stack : ''
  } catch {
    return ''
  }
}
