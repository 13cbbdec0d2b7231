/** A stream of server-sent events that leaves nothing behind, whoever ends it. */
import type { UnderlyingSource } from 'node:stream/web'
import type { Closing } from './closing.ts'

export interface ServerSentEvent {
  readonly event: string
  /** A client that comes back says the last one that it has seen. */
  readonly id?: string
  readonly data: string
}

export interface EventSink {
  /**
   * All of them, or none where the client is too far behind. `goOnFrom` is from where it goes on when it comes back: it has the
   * events when it has that.
   */
  readonly send: (events: readonly ServerSentEvent[], goOnFrom?: string) => void
  /** Ends the stream, behind what was sent. */
  readonly end: () => void
}

export interface StreamTerms {
  readonly closing: Closing
  readonly signal: AbortSignal
  readonly heartbeatMilliseconds: number
  /** Called once, however the stream ends. */
  readonly onEnd: () => void
}

const RETRY_MILLISECONDS = 2000
/** What a client has not taken yet. One that is so far behind is let go: it comes back, and is told what it has missed. */
const MOST_BYTES_BEHIND = 1_048_576
/** A piece counts as so much at least, so that heartbeats that nobody takes come to an end too. */
const LEAST_BYTES = 16_384

/** `feed` is called at once; what it answers is disposed when the stream ends: by `end`, by the client, or because the server ends. */
export function eventStream(
  terms: StreamTerms,
  feed: (sink: EventSink) => Disposable,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let finish = (): void => {}
  const source: UnderlyingSource<Uint8Array> = {
    start: (controller) => {
      const releases: (() => void)[] = [terms.onEnd]
      let isOver = false
      finish = (): void => {
        if (isOver) return
        isOver = true
        for (const release of releases) release()
      }
      const later = (release: () => void): void => {
        if (isOver) release()
        else releases.push(release)
      }
      const end = (): void => {
        if (isOver) return
        finish()
        controller.close()
      }
      const write = (text: string): void => {
        if (isOver) return
        // Asked before: however large a piece is, who takes it gets on.
        if ((controller.desiredSize ?? 0) <= 0) end()
        else controller.enqueue(encoder.encode(text))
      }
      write(`retry: ${RETRY_MILLISECONDS}\n\n`)
      const heart = setInterval(() => write(': still here\n\n'), terms.heartbeatMilliseconds)
      later(() => clearInterval(heart))
      const closing = terms.closing.onClosing(end)
      later(() => closing[Symbol.dispose]())
      terms.signal.addEventListener('abort', end, { once: true })
      later(() => terms.signal.removeEventListener('abort', end))
      const fed = feed({
        send: (events, goOnFrom) =>
          write(events.map(eventText).join('') + (goOnFrom === undefined ? '' : `id: ${goOnFrom}\n\n`)),
        end,
      })
      later(() => fed[Symbol.dispose]())
      if (terms.signal.aborted) end()
    },
    cancel: () => finish(),
  }
  return new ReadableStream(source, {
    highWaterMark: MOST_BYTES_BEHIND,
    size: ({ length }) => Math.max(length, LEAST_BYTES),
  })
}

/** The data is one line: JSON has no line breaks of its own. */
function eventText({ event, id, data }: ServerSentEvent): string {
  const lines = [`event: ${event}`, ...(id === undefined ? [] : [`id: ${id}`]), `data: ${data}`]
  return `${lines.join('\n')}\n\n`
}
