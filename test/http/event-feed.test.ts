import { expect } from 'chai'
import { pino } from 'pino'
import type { BatchEvent } from '../../src/core/model/batch-event.ts'
import type { EventStore } from '../../src/core/ports/event-store.ts'
import { createEventFeed, type EventFeed } from '../../src/http/event-feed.ts'

describe('The feed of events', () => {
  let feed: EventFeed
  afterEach(() => feed.close())

  it('begins anew for whoever comes when the last one has left during a look', async () => {
    const log = eventLog()
    feed = feedOf(log.store)
    const first = await feed.follow(undefined, listening().listener)
    const look = await log.hold()
    first[Symbol.dispose]()
    look.release()
    log.add('1')
    const later = listening()
    await feed.follow(undefined, later.listener)
    log.add('2')
    await later.until(1)
    expect(later.seen).to.deep.equal(['2'])
  })
})

function feedOf(events: EventStore): EventFeed {
  return createEventFeed({ events, everyMilliseconds: 1, logger: pino({ level: 'silent' }) })
}

/** Its cursor is how many events were there. */
function eventLog() {
  const events: BatchEvent[] = []
  let begun = (): void => {}
  let held: Promise<void> | undefined
  const store: EventStore = {
    prune: () => Promise.resolve(0),
    look: async (cursor) => {
      const shown = events.slice(Number(cursor ?? events.length))
      const at = String(events.length)
      begun()
      await held
      return { events: shown, cursor: at, hasMore: false, startedAnew: false }
    },
  }
  return {
    store,
    add: (id: string) => events.push({ id, type: 'execution.started' } as BatchEvent),
    /** Resolves when a look is under way; it, and those behind it, wait for the release. */
    hold: async () => {
      let release = (): void => {}
      held = new Promise((resolve) => (release = resolve))
      await new Promise<void>((resolve) => (begun = resolve))
      return { release }
    },
  }
}

function listening() {
  const seen: string[] = []
  let more = (): void => {}
  return {
    seen,
    until: async (count: number) => {
      while (seen.length < count) await new Promise<void>((resolve) => (more = resolve))
    },
    listener: {
      onEvents: (events: readonly BatchEvent[]) => {
        seen.push(...events.map(({ id }) => id))
        more()
      },
      onStartedAnew: () => {},
      hasLeft: () => false,
    },
  }
}
