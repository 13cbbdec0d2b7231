/** `batchwright schedules pause <name>` and `resume <name>` */
import { processIdentity, processRequester } from '../../process/process-identity.ts'
import type { CommandContext } from '../command-context.ts'
import { withSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { instantText } from '../instant-text.ts'
import { stateText } from '../schedule-text.ts'

export function pauseSchedule(context: CommandContext, name: string, note: string | null): Promise<number> {
  return withSchedules(context, async ({ pause }) => {
    const { output } = context
    const state = await pause(name, note, processRequester(processIdentity()))
    if (output.json) output.result(jsonLine({ schedule: name, paused: state.pause }))
    else output.result(`schedule ${name} is ${stateText(state)}`)
    return 0
  })
}

export function resumeSchedule(context: CommandContext, name: string): Promise<number> {
  return withSchedules(context, async ({ next, resume }) => {
    const { output } = context
    const { pause } = await resume(name, processRequester(processIdentity()))
    const [nextSlot] = next(name, 1)
    if (output.json) output.result(jsonLine({ schedule: name, paused: pause, nextSlot: nextSlot ?? null }))
    else output.result(`schedule ${name} is resumed; its next slot is ${instantText(nextSlot)}`)
    return 0
  })
}
