/** Long spans of the ledger, read and written a page at a time. */
import type { ScheduleFire } from '../core/model/schedule-fire.ts'
import type { ScheduleStore } from '../core/ports/schedule-store.ts'

const PAGE = 1000

/** Later than `after`, up to `until` and with it, oldest first; slots that were asked for by hand stand between the others. */
export async function* firesBetween(
  store: ScheduleStore,
  schedule: string,
  after: Date,
  until: Date,
): AsyncGenerator<ScheduleFire> {
  for (let from = after; from < until;) {
    const fires = await store.listFires({ schedule, after: from, until, order: 'oldest-first', limit: PAGE })
    yield* fires
    from = fires.length < PAGE ? until : (fires.at(-1)?.slot ?? until)
  }
}

export function* pagesOf<T>(all: Iterable<T>): Generator<readonly T[]> {
  let page: T[] = []
  for (const one of all) {
    page.push(one)
    if (page.length < PAGE) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
