/** The states of schedules and what became of their slots, for people. */
import type { ScheduleFire, ScheduleState } from '../core/model/schedule-fire.ts'
import { pauseText } from '../scheduling/overlap-decision.ts'

/** `FIRED COMPLETED` */
export function outcomeText(fire: ScheduleFire | undefined): string {
  return [fire?.outcome, fire?.latest?.status].filter((one) => one !== undefined).join(' ')
}

export function stateText(state: ScheduleState | undefined): string {
  return state?.pause == null ? '' : pauseText(state.pause)
}
