/** `batchwright schedules` */
import type { CommandContext } from '../command-context.ts'
import { withSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../json-output.ts'
import { type Column, renderTable } from '../render-table.ts'
import { instantText, outcomeText, stateText } from '../schedule-text.ts'
import { nextSlot, scheduleJson } from '../../json/schedule-json.ts'
import type { ScheduleOverview } from '../../scheduling/schedule-operations.ts'

export function listSchedules(context: CommandContext): Promise<number> {
  return withSchedules(context, async (operations) => {
    const { output } = context
    const shown = await operations.overview()
    if (output.json) for (const one of shown) output.result(jsonLine(scheduleJson(one)))
    else if (shown.length === 0)
      output.tell('no schedules: add them to the config, defineConfig({ jobs, schedules })')
    else for (const line of renderTable(COLUMNS, shown)) output.result(line)
    return 0
  })
}

const COLUMNS: readonly Column<ScheduleOverview>[] = [
  { title: 'schedule', text: ({ schedule }) => schedule.name },
  { title: 'job', text: ({ schedule }) => schedule.job.name },
  { title: 'cron', text: ({ schedule }) => `${schedule.cron} ${schedule.timezone}` },
  { title: 'next', text: ({ schedule }) => instantText(nextSlot(schedule)) },
  { title: 'last', text: ({ last }) => instantText(last?.slot) },
  { title: 'outcome', text: ({ last }) => outcomeText(last) },
  { title: 'state', text: ({ state }) => stateText(state) },
]
