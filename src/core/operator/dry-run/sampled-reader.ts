/** A reader that ends early and tells how far it has come. */
import type { ItemReader, OpenedReader, ReadProgress } from '../../ports/item-reader.ts'

export interface ReaderWatch {
  readonly reading: () => void
  readonly opened: (progress: () => ReadProgress | undefined) => void
  /** The reader might have had more. */
  readonly sampleEnded: () => void
}

/** Records that cannot be made into items belong to the sample too. */
export function sampledReader(
  reader: ItemReader<unknown>,
  sample: number,
  watch: ReaderWatch,
): ItemReader<unknown> {
  return {
    kind: reader.kind,
    description: reader.description,
    open: async (scope) => sampled(await reader.open(scope), sample, watch),
  }
}

function sampled(opened: OpenedReader<unknown>, sample: number, watch: ReaderWatch): OpenedReader<unknown> {
  let left = sample
  watch.opened(() => opened.progress?.())
  const progress = opened.progress === undefined ? undefined : () => withinSample(opened.progress?.(), sample)
  return {
    read: async (limit) => {
      watch.reading()
      if (left <= 0) {
        watch.sampleEnded()
        return undefined
      }
      const page = await opened.read(Math.min(limit, left))
      if (page !== undefined) left -= page.items.length + (page.fault === undefined ? 0 : 1)
      return page
    },
    ...(opened.repeatable === true ? { repeatable: true } : {}),
    ...(progress === undefined ? {} : { progress }),
    close: () => opened.close(),
  }
}

/** What a progress bar shows is the way to the end of the sample, as far as that can be known. */
function withinSample(progress: ReadProgress | undefined, sample: number): ReadProgress {
  const { done, total, unit } = progress ?? { done: 0, unit: 'items' as const }
  if (sample === Infinity) return total === undefined ? { done, unit } : { done, total, unit }
  return unit === 'items' ? { done, total: Math.min(total ?? sample, sample), unit } : { done, unit }
}
