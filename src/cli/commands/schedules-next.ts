/** `batchwright schedules next [count]` */
import type { CommandContext } from '../command-context.ts'
import { checkedSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { renderTable } from '../render-table.ts'
import { instantText } from '../instant-text.ts'
import { findSchedule } from '../../scheduling/schedule-operations.ts'
import type { ScheduleDefinition } from '../../scheduling/define-schedule.ts'
import { cronSlots } from '../../scheduling/cron-slots.ts'
import { zoneClock } from '../../scheduling/zone-clock.ts'

/** Opens no repository: a pause does not show here. */
export async function nextSlots(
  context: CommandContext,
  count: number,
  name: string | undefined,
): Promise<number> {
  const { output } = context
  const { schedules } = await checkedSchedules(context)
  const chosen = name === undefined ? schedules : [findSchedule(schedules, name)]
  const now = new Date()
  const slots = chosen
    .flatMap((schedule) =>
      cronSlots(schedule.cron, schedule.timezone)
        .next(now, count)
        .map((slot) => ({ schedule, slot })),
    )
    .toSorted((one, other) => one.slot.getTime() - other.slot.getTime())
    .slice(0, count)
  if (output.json)
    for (const { schedule, slot } of slots)
      output.result(jsonLine({ schedule: schedule.name, slot, localTime: localTime(schedule, slot) }))
  else
    for (const line of renderTable(
      [
        { title: 'slot', text: ({ slot }) => instantText(slot) },
        { title: 'local time', text: ({ schedule, slot }) => localTime(schedule, slot) },
        { title: 'zone', text: ({ schedule }) => schedule.timezone },
        { title: 'schedule', text: ({ schedule }) => schedule.name },
      ],
      slots,
    ))
      output.result(line)
  return 0
}

function localTime({ timezone }: ScheduleDefinition, slot: Date): string {
  return new Date(zoneClock(timezone).wallTime(slot.getTime())).toISOString().slice(0, 19).replace('T', ' ')
}
