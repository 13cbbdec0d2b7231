/** Makes observations of the slots that a scheduler records without firing them. */
import type { FireOutcome } from '../core/model/schedule-fire.ts'
import type { Tell } from './observation.ts'

/** What a scheduler's observer is told of them. */
export interface SlotObserver {
  readonly recorded: (schedule: string, slots: readonly Date[], outcome: FireOutcome) => void
}

/** For `createScheduler`'s observer. The fires are told by the operator of the batch, where that has `observations`. */
export function slotObservations(tell: Tell): SlotObserver {
  return {
    recorded: (schedule, slots, outcome) => slots.forEach(() => tell({ type: 'fired', schedule, outcome })),
  }
}
