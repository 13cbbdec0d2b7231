/** `GET /events` */
import { z } from '@hono/zod-openapi'
import { type BatchEvent, EVENT_TYPES } from '../../core/model/batch-event.ts'
import { jsonLine } from '../../json/json-line.ts'
import type { EventFeed } from '../event-feed.ts'
import type { EventSink } from '../event-stream.ts'
import { type Operation, operation } from '../operation.ts'
import { streamAnswer } from '../streams.ts'

const type = z.enum(EVENT_TYPES)
const CURSOR_LIMIT = 10_000

export const followEvents: Operation = operation({
  id: 'followEvents',
  method: 'get',
  path: '/api/v1/events',
  scope: 'read',
  tag: 'events',
  summary: 'Follow what happens to executions and schedules',
  description:
    'Server-sent events, named by their types, from now on. A client that comes back with `Last-Event-ID` is told what it has missed; the last few may ' +
    'come again, with the same eventId. `reset`: what it has missed is not known any more.',
  query: z.strictObject({
    job: z.string().optional(),
    type: z
      .union([type, z.array(type)])
      .optional()
      .openapi({ description: 'May be repeated.' }),
  }),
  headers: z.object({ 'Last-Event-ID': z.string().max(CURSOR_LIMIT).optional() }),
  answers: { 200: { description: 'Events.', contentType: 'text/event-stream', schema: z.string() } },
  problems: ['too-many-streams'],
  handle: async (api, { query, request }) => {
    // A repository that is away is told before the stream begins.
    await api.repository.events.look()
    const cursor = request.headers.get('last-event-id') ?? undefined
    const isWanted = (event: BatchEvent): boolean =>
      (query.job === undefined || event.jobName === query.job) &&
      (query.type === undefined || [query.type].flat().includes(event.type))
    return streamAnswer(api, request, (sink) => feed(api.feed, cursor, isWanted, sink))
  },
})

function feed(
  { follow }: EventFeed,
  cursor: string | undefined,
  isWanted: (event: BatchEvent) => boolean,
  sink: EventSink,
): Disposable {
  let following: Disposable | undefined
  let isOver = false
  const joined = (one: Disposable): void => {
    if (isOver) one[Symbol.dispose]()
    else following = one
  }
  follow(cursor, {
    onEvents: (events, at) => {
      const wanted = events.filter(isWanted)
      sink.send(
        wanted.map((event) => ({ event: event.type, data: eventText(event) })),
        at,
      )
    },
    onStartedAnew: (at) => sink.send([{ event: 'reset', data: '{}' }], at),
    hasLeft: () => isOver,
  }).then(joined, sink.end)
  return {
    [Symbol.dispose]: () => {
      isOver = true
      following?.[Symbol.dispose]()
    },
  }
}

function eventText({ id, ...event }: BatchEvent): string {
  return jsonLine({ eventId: id, ...event })
}
