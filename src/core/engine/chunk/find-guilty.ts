/** Finds the items of a chunk that cannot be written, also where some of them need others that stand behind them. */
import { causeChain } from '../../model/error-description.ts'
import { driverCode } from '../../model/transient-error.ts'
import { writeInParts } from './write-in-parts.ts'

/** Why a part was undone. */
export interface PartFailure {
  readonly error: unknown
  /** The part was written, and refused at the end of its savepoint: by what is deferred to the commit. */
  readonly isLate: boolean
}

export interface GuiltSearch {
  /** Writes them in a savepoint. Answers undefined, or why they are undone. @throws what ends the whole attempt */
  readonly tryPart: (places: readonly number[]) => Promise<PartFailure | undefined>
  /** Indexes in the part that the error names as guilty. */
  readonly suspects: (error: unknown) => readonly number[]
  /** @throws when it may not be skipped */
  readonly isGuilty: (place: number, error: unknown) => void
}

type Doubtful = readonly { readonly place: number; readonly failure: PartFailure }[]

/**
 * `known`: all of them together have failed with it already, and are not tried as a whole again.
 *
 * A row may lack nothing but another row that was in a later part: its parent, or the other half of a balance that is checked at
 * the commit. Such items are tried again together once all others are written, for as long as that helps.
 */
export async function findGuilty(
  all: readonly number[],
  known: { readonly error: unknown } | undefined,
  search: GuiltSearch,
): Promise<void> {
  let places = all
  let doubtful = await searchOnce(places, known, search)
  while (doubtful.length > 0 && doubtful.length < places.length) {
    places = doubtful.map(({ place }) => place)
    doubtful = await searchOnce(places, undefined, search)
  }
  for (const { place, failure } of doubtful) search.isGuilty(place, failure.error)
}

async function searchOnce(
  places: readonly number[],
  known: { readonly error: unknown } | undefined,
  { tryPart, suspects, isGuilty }: GuiltSearch,
): Promise<Doubtful> {
  const doubtful: { place: number; failure: PartFailure }[] = []
  const whole = { from: 0, to: places.length }
  await writeInParts(whole, known && { error: known.error, isLate: false }, {
    tryPart: ({ from, to }) => tryPart(places.slice(from, to)),
    suspects,
    isGuilty: (index, failure) => {
      const place = places[index] ?? -1
      if (mayNeedOthers(failure)) doubtful.push({ place, failure })
      else isGuilty(place, failure.error)
    },
  })
  return doubtful
}

const FOREIGN_KEY_VIOLATION = '23503'

function mayNeedOthers({ error, isLate }: PartFailure): boolean {
  return isLate || causeChain(error).some((one) => driverCode(one) === FOREIGN_KEY_VIOLATION)
}
