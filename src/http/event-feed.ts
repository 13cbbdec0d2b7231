/** The event log for those that follow it: looked at by one, however many follow. */
import type { BatchEvent } from '../core/model/batch-event.ts'
import type { EventLook, EventStore } from '../core/ports/event-store.ts'
import type { Logger } from '../core/ports/logger.ts'

export interface EventFeed {
  /**
   * From the cursor on, or from now on: each event once, in the order of the looks. Resolves when what was behind the cursor is
   * told; later events follow until it is disposed.
   */
  readonly follow: (cursor: string | undefined, listener: FeedListener) => Promise<Disposable>
  readonly close: () => void
}

export interface FeedListener {
  /** Once for each look that has anything; whoever comes back with the cursor goes on behind its events. */
  readonly onEvents: (events: readonly BatchEvent[], cursor: string) => void
  /** The cursor is no cursor of this repository: events may have been passed over, and it goes on from now. */
  readonly onStartedAnew: (cursor: string) => void
  /** Then nothing more is looked for on its behalf. */
  readonly hasLeft: () => boolean
}

export interface FeedParts {
  readonly events: EventStore
  readonly everyMilliseconds: number
  readonly logger: Logger
}

/**
 * Whoever joins looks for itself until it is at the present, which is a little later than where the others are. What it has seen
 * meanwhile comes again with the next look of all, and is left out for it.
 */
interface Follower {
  readonly listener: FeedListener
  readonly seen: Set<string>
}

/** Asks nothing while nobody follows. */
export function createEventFeed({ events, everyMilliseconds, logger }: FeedParts): EventFeed {
  const followers = new Set<Follower>()
  let cursor: string | undefined
  let timer: NodeJS.Timeout | undefined
  const inTurn = createTurns()
  let waits = false
  let isFailing = false
  const lookForAll = async (): Promise<void> => {
    waits = false
    if (followers.size === 0) return
    try {
      let look: EventLook
      do {
        look = await events.look(cursor)
        cursor = look.cursor
        tellAll(followers, look)
      } while (look.hasMore)
      for (const { seen } of followers) seen.clear()
      isFailing = false
    } catch (error) {
      if (!isFailing) logger.warn({ err: error }, 'looking at the event log failed; it is tried again')
      isFailing = true
    }
  }
  const stop = (): void => {
    clearInterval(timer)
    timer = undefined
  }
  const join = async (from: string | undefined, listener: FeedListener): Promise<Disposable> => {
    const follower: Follower = { listener, seen: new Set() }
    // A look that was under way when the last one left has set it again, and that may be long ago.
    if (followers.size === 0) cursor = undefined
    // So that the next look of all holds nothing that it has seen before its turn.
    await lookForAll()
    cursor ??= (await events.look()).cursor
    if (from === undefined) listener.onEvents([], cursor)
    else await catchUp(events, from, listener, follower.seen)
    followers.add(follower)
    timer ??= setInterval(() => {
      if (waits) return
      waits = true
      void inTurn(lookForAll)
    }, everyMilliseconds)
    return {
      [Symbol.dispose]: () => {
        if (followers.delete(follower) && followers.size === 0) stop()
      },
    }
  }
  return {
    follow: async (from, listener) => {
      // What may be long ago, and much, first: nobody else waits for that.
      const at = from === undefined ? undefined : await catchUp(events, from, listener)
      return inTurn(() => join(at, listener))
    },
    close: () => {
      followers.clear()
      stop()
    },
  }
}

function tellAll(followers: ReadonlySet<Follower>, { events, cursor, startedAnew }: EventLook): void {
  for (const { listener, seen } of followers) {
    const unseen = events.filter(({ id }) => !seen.has(id))
    if (startedAnew) listener.onStartedAnew(cursor)
    if (unseen.length > 0) listener.onEvents(unseen, cursor)
  }
}

/** Tells everything from the cursor on, and answers with the cursor behind that. */
async function catchUp(
  store: EventStore,
  from: string,
  listener: FeedListener,
  seen?: Set<string>,
): Promise<string> {
  let look: EventLook
  let at = from
  do {
    look = await store.look(at)
    at = look.cursor
    if (look.startedAnew) listener.onStartedAnew(at)
    for (const { id } of look.events) seen?.add(id)
    if (look.events.length > 0) listener.onEvents(look.events, at)
  } while (look.hasMore && !listener.hasLeft())
  return at
}

/** Works that are given to it never overlap: of looks and joins, nobody is between two. */
function createTurns(): <A>(work: () => Promise<A>) => Promise<A> {
  let turn: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = turn.then(work)
    turn = done.catch(() => {})
    return done
  }
}
