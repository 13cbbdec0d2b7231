/** A part of a page, as a page of its own. */
import type { Page } from '../core/ports/item-reader.ts'

/** The items from `start` up to `end`, without the page's fault, which stands behind the last of them. */
export function pagePart<T>(page: Page<T>, start: number, end: number): Page<T> {
  return {
    items: page.items.slice(start, end),
    checkpointAfter: (index) => page.checkpointAfter(start + index),
    positionOf: (index) => page.positionOf(start + index),
  }
}
