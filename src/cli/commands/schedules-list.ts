/** `batchwright schedules` */
import type { CommandContext } from '../command-context.ts'
import { withSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { type Column, renderTable } from '../render-table.ts'
import { instantText } from '../instant-text.ts'
import { outcomeText, stateText } from '../schedule-text.ts'
import { scheduleJson } from '../../json/schedule-json.ts'
import type { ScheduleOverview } from '../../scheduling/schedule-operations.ts'

export function listSchedules(context: CommandContext): Promise<number> {
  return withSchedules(context, async (operations) => {
    const { output } = context
    const overview = await operations.overview()
    const shown = overview.map((one): ListedSchedule => ({
      ...one,
      nextSlot: operations.next(one.schedule.name, 1)[0],
    }))
    if (output.json) for (const one of shown) output.result(jsonLine(scheduleJson(one, one.nextSlot)))
    else if (shown.length === 0)
      output.tell('no schedules: add them to the config, defineConfig({ jobs, schedules })')
    else for (const line of renderTable(COLUMNS, shown)) output.result(line)
    return 0
  })
}

interface ListedSchedule extends ScheduleOverview {
  readonly nextSlot: Date | undefined
}

const COLUMNS: readonly Column<ListedSchedule>[] = [
  { title: 'schedule', text: ({ schedule }) => schedule.name },
  { title: 'job', text: ({ schedule }) => schedule.job.name },
  { title: 'cron', text: ({ schedule }) => `${schedule.cron} ${schedule.timezone}` },
  { title: 'next', text: ({ nextSlot }) => instantText(nextSlot) },
  { title: 'last', text: ({ last }) => instantText(last?.slot) },
  { title: 'outcome', text: ({ last }) => outcomeText(last) },
  { title: 'state', text: ({ state }) => stateText(state) },
]
