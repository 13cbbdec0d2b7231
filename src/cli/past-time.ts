/** A time of the past, as a person writes it: a day, a time, or how long ago. */
import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../core/model/duration.ts'
import { parseInstant } from './instant-text.ts'

/** A day begins in UTC. @throws InvalidArgumentError */
export function pastTime(text: string): Date {
  const ago = parseDuration(text)
  // What is older than dates reach is as old as anything.
  if (ago !== undefined) return new Date(Math.max(Date.now() - ago, 0))
  const at = parseInstant(text)
  if (at !== undefined) return at
  throw new InvalidArgumentError(
    'It must be a day such as 2026-11-21, a time with its zone such as 2026-11-21T02:00:00Z, or how long ago, such as 12h or 7d.',
  )
}
