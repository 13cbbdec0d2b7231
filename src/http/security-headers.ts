/** Headers of every answer, so that no browser takes it for something else, frames it or keeps it. */

const ALWAYS: readonly (readonly [string, string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
]

/** What an answer says itself stays. */
export function securityHeaders(given: Headers): readonly (readonly [string, string])[] {
  const unlessGiven = [
    ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
    ['Cache-Control', given.has('etag') ? 'private, no-cache' : 'no-store'],
  ] as const
  return [...ALWAYS, ...unlessGiven.filter(([name]) => !given.has(name))]
}
