/** A stream of server-sent events that leaves nothing behind, whoever ends it. */
import type { Closing } from './closing.ts'

export interface ServerSentEvent {
  readonly event: string
  /** A client that comes back says the last one that it has seen. */
  readonly id?: string
  readonly data: string
}

export interface EventSink {
  readonly send: (event: ServerSentEvent) => void
  /** From where a client goes on that comes back; it is shown nothing. */
  readonly remember: (id: string) => void
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
/** Events that a client has not taken. One that is so far behind is let go: it comes back, and is told how things stand then. */
const MOST_BEHIND = 64

/** `feed` is called at once; what it answers is disposed when the stream ends: by `end`, by the client, or because the server ends. */
export function eventStream(
  terms: StreamTerms,
  feed: (sink: EventSink) => Disposable,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let finish = (): void => {}
  return new ReadableStream<Uint8Array>({
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
        controller.enqueue(encoder.encode(text))
        if ((controller.desiredSize ?? 0) < -MOST_BEHIND) end()
      }
      write(`retry: ${RETRY_MILLISECONDS}\n\n`)
      const heart = setInterval(() => write(': still here\n\n'), terms.heartbeatMilliseconds)
      later(() => clearInterval(heart))
      const closing = terms.closing.onClosing(end)
      later(() => closing[Symbol.dispose]())
      terms.signal.addEventListener('abort', end, { once: true })
      later(() => terms.signal.removeEventListener('abort', end))
      const fed = feed({
        send: (event) => write(eventText(event)),
        remember: (id) => write(`id: ${id}\n\n`),
        end,
      })
      later(() => fed[Symbol.dispose]())
      if (terms.signal.aborted) end()
    },
    cancel: () => finish(),
  })
}

/** The data is one line: JSON has no line breaks of its own. */
function eventText({ event, id, data }: ServerSentEvent): string {
  const lines = [`event: ${event}`, ...(id === undefined ? [] : [`id: ${id}`]), `data: ${data}`]
  return `${lines.join('\n')}\n\n`
}
