/** Refuses a consistency that there is not: a driver would take its own default for it, which may be a weaker one. */
import { didYouMean } from '../core/model/nearest-name.ts'

/** @throws what `refuse` makes of the reason */
export function checkConsistency(
  option: string,
  value: string,
  known: readonly string[],
  refuse: (reason: string) => Error,
): void {
  if (known.includes(value)) return
  throw refuse(`${option} is '${value}'.${didYouMean(value, known)} There are: ${known.join(', ')}.`)
}
