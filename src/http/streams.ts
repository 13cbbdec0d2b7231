/** How many event streams are open, and that they do not become too many. */
import type { Closing } from './closing.ts'
import { type EventSink, eventStream } from './event-stream.ts'
import type { Answer } from './answer.ts'
import { Problem } from './problem.ts'

export interface Streams {
  /** @throws Problem too-many-streams */
  readonly take: () => { readonly giveBack: () => void }
  readonly heartbeatMilliseconds: number
}

export function createStreams(limit: number, heartbeatMilliseconds: number): Streams {
  let open = 0
  return {
    heartbeatMilliseconds,
    take: () => {
      if (open >= limit)
        throw new Problem('too-many-streams', `${limit} event streams are open; no more may be.`)
      open += 1
      return { giveBack: () => void (open -= 1) }
    },
  }
}

/** @throws Problem too-many-streams */
export function streamAnswer(
  { streams, closing }: { readonly streams: Streams; readonly closing: Closing },
  { method, signal }: Request,
  feed: (sink: EventSink) => Disposable,
): Answer {
  // Proxies such as nginx would keep events back until there are many.
  const headers = {
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  }
  // Nobody would read the stream, nor end it.
  if (method === 'HEAD') return { status: 200, body: null, headers }
  const { giveBack } = streams.take()
  const { heartbeatMilliseconds } = streams
  const body = eventStream({ closing, signal, heartbeatMilliseconds, onEnd: giveBack }, feed)
  return { status: 200, body, headers }
}
