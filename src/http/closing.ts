/** What is to end when the server ends: long polls and streams. */

export interface Closing {
  readonly isClosing: () => boolean
  /** Called once, when the server begins to end; at once where it has begun. Disposing the answer takes it back. */
  readonly onClosing: (end: () => void) => Disposable
  readonly close: () => void
}

export function createClosing(draining: AbortSignal | undefined): Closing {
  const ends = new Set<() => void>()
  let closing = false
  const close = (): void => {
    closing = true
    for (const end of ends) end()
    ends.clear()
  }
  if (draining?.aborted === true) close()
  else draining?.addEventListener('abort', close, { once: true })
  return {
    isClosing: () => closing,
    onClosing: (end) => {
      if (closing) end()
      else ends.add(end)
      return { [Symbol.dispose]: () => void ends.delete(end) }
    },
    close: () => {
      draining?.removeEventListener('abort', close)
      close()
    },
  }
}
