/** What somebody most likely meant who wrote a name that is not there. */
import { distance } from 'fastest-levenshtein'

/**
 * The known name that differs by case and signs only, or by edits to at most every third letter; the nearest of several,
 * the first of equals. Undefined where none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wrong = lettersAndDigits(name)
  if (wrong === '') return undefined
  const [nearest] = known
    .map((one) => ({ one, edits: distance(wrong, lettersAndDigits(one)) }))
    .filter(({ edits }) => edits <= Math.ceil(wrong.length / 3))
    .toSorted((one, other) => one.edits - other.edits)
  return nearest?.one
}

/** `Did you mean quantity?` when one of the names is close, else what is to be said otherwise. */
export function didYouMeanOr(wrong: string, names: readonly string[], otherwise: string): string {
  const nearest = nearestName(wrong, names)
  return nearest === undefined ? otherwise : `Did you mean ${nearest}?`
}

/** ` Did you mean 'quantity'?` when one of the names is close, else nothing. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const nearest = nearestName(wrong, names)
  return nearest === undefined ? '' : ` Did you mean '${nearest}'?`
}

function lettersAndDigits(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
}
