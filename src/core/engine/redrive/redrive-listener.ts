/** The step's listeners in a redrive: an output that was processed before is no item to them. */
import type { ChunkStepListener } from '../../definition/step-definition.ts'
import type { ChunkView } from '../../ports/listeners.ts'
import { AlreadyProcessed } from './already-processed.ts'

type Listener = ChunkStepListener<unknown, unknown>
type Hook = ((...facts: never[]) => unknown) | undefined

/** Of these the item is an argument, at this place. */
const ITEM_AT = {
  afterRead: 0,
  beforeProcess: 0,
  afterProcess: 0,
  onProcessError: 1,
  onSkipInProcess: 1,
} as const
/** Of these a view of the chunk. */
const VIEW_AT = { beforeChunk: 0, afterChunk: 0, onChunkError: 1 } as const

/** Listens to what the listener listens to, and to nothing else. */
export function redriveListener(listener: Listener): Listener {
  const items = Object.entries(ITEM_AT).map(([event, place]) => [
    event,
    withoutOutputs(listener, event, place),
  ])
  const views = Object.entries(VIEW_AT).map(([event, place]) => [
    event,
    withItemsOnly(listener, event, place),
  ])
  const changed = [...items, ...views].filter(([, hook]) => hook !== undefined)
  return Object.assign(Object.create(listener) as Listener, Object.fromEntries(changed))
}

function withoutOutputs(listener: Listener, event: string, place: number): Hook {
  const hook = listener[event as keyof Listener] as Hook
  if (hook === undefined) return undefined
  return (...facts) =>
    (facts[place] as unknown) instanceof AlreadyProcessed ? undefined : hook.apply(listener, facts)
}

function withItemsOnly(listener: Listener, event: string, place: number): Hook {
  const hook = listener[event as keyof Listener] as Hook
  if (hook === undefined) return undefined
  return (...facts) =>
    hook.apply(
      listener,
      facts.with(place, itemsOnly(facts[place] as unknown as ChunkView<unknown, unknown>) as never),
    )
}

function itemsOnly({ items, outputs }: ChunkView<unknown, unknown>): ChunkView<unknown, unknown> {
  return { items: items.filter((item) => !(item instanceof AlreadyProcessed)), outputs }
}
