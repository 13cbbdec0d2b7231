/** Finds the items that cannot be written: writes a chunk in parts, each in a savepoint, halving those that fail. */

/** A part of what is to be written: the places from `from` to before `to`. */
export interface Part {
  readonly from: number
  readonly to: number
  /** The whole has failed: it is split without being tried. */
  readonly isKnownBad?: boolean
  /** Its sibling behind it is bad when this one is good, since the two together were bad. */
  readonly provesNext?: boolean
}

export interface PartWriter<F extends { readonly error: unknown }> {
  /** Writes them in a savepoint. Answers undefined, or why they are undone. @throws what ends the whole attempt */
  readonly tryPart: (part: Part) => Promise<F | undefined>
  /** Places relative to the part that the error names as guilty: believed as long as that proves right. */
  readonly suspects: (error: unknown) => readonly number[]
  /** A single item has failed alone. @throws when it may not be skipped */
  readonly isGuilty: (place: number, failure: F) => void
}

/**
 * `known`: the whole has failed with it already, in a transaction of its own.
 *
 * In the order of the items, so that of two that cannot both be written the first one is. With one bad item among n it
 * takes at most 2·log₂ n tries, mostly fewer: where the first half is good, the second is not tried as a whole, and where
 * the error names the item, four are enough.
 */
export async function writeInParts<F extends { readonly error: unknown }>(
  whole: Part,
  known: F | undefined,
  { tryPart, suspects, isGuilty }: PartWriter<F>,
): Promise<void> {
  const parts: Part[] = [whole]
  let believesErrors = true
  let suspect: Part | undefined
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const isSingle = part.to - part.from === 1
    if (part.isKnownBad === true && !isSingle) {
      parts.push(...halves(part).toReversed())
      continue
    }
    const failed = part === whole && known !== undefined ? known : await tryPart(part)
    if (failed === undefined) {
      if (part === suspect) believesErrors = false
      const next = part.provesNext === true ? parts.pop() : undefined
      if (next !== undefined) parts.push({ ...next, isKnownBad: true })
    } else if (isSingle) isGuilty(part.from, failed)
    else {
      const named = believesErrors ? suspectOf(part, suspects(failed.error)) : undefined
      suspect = named ?? suspect
      parts.push(...(named === undefined ? halves(part) : around(part, named)).toReversed())
    }
  }
}

function halves({ from, to }: Part): readonly Part[] {
  const middle = from + Math.ceil((to - from) / 2)
  return [
    { from, to: middle, provesNext: true },
    { from: middle, to },
  ]
}

function suspectOf({ from, to }: Part, places: readonly number[]): Part | undefined {
  const [place] = places
    .map((one) => from + one)
    .filter((one) => Number.isInteger(one) && one >= from && one < to)
  return place === undefined ? undefined : { from: place, to: place + 1 }
}

/** What is behind the suspect was not looked at by whoever named it, so it is tried in halves: there may be many more. */
function around(part: Part, suspect: Part): readonly Part[] {
  const before = { from: part.from, to: suspect.from }
  const behind = { from: suspect.to, to: part.to }
  const behindInHalves =
    behind.to - behind.from > 1 ? halves(behind).map(({ from, to }) => ({ from, to })) : [behind]
  return [before, suspect, ...behindInHalves].filter(({ from, to }) => to > from)
}
