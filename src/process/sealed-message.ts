/** Messages of ours on a channel between processes that code of a job can use too: `process.send('ready')`. */

interface Sealed<M> {
  readonly batchwright: M
}

export function sealed<M>(message: M): Sealed<M> {
  return { batchwright: message }
}

/** Undefined where it is none of ours: whatever a job, or a library in it, says to its parent is passed over. */
export function unsealed<M>(heard: unknown): M | undefined {
  return typeof heard === 'object' && heard !== null && 'batchwright' in heard
    ? (heard as Sealed<M>).batchwright
    : undefined
}
