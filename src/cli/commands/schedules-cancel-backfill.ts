/** `batchwright schedules cancel-backfill <name>` */
import { jsonLine } from '../../json/json-line.ts'
import { processIdentity, processRequester } from '../../process/process-identity.ts'
import { withSchedules } from '../checked-schedules.ts'
import type { CommandContext } from '../command-context.ts'
import { instantText } from '../instant-text.ts'

export function cancelBackfill(context: CommandContext, name: string): Promise<number> {
  return withSchedules(context, async (operations) => {
    const { output } = context
    const slots = await operations.cancelBackfill(name, processRequester(processIdentity()))
    for (const slot of slots)
      output.result(
        output.json ? jsonLine({ schedule: name, slot }) : `${instantText(slot)}  waits no longer`,
      )
    output.tell(`${slots.length} slots wait no longer`)
    return 0
  })
}
