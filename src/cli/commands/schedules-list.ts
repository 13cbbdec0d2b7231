/** `batchwright schedules` */
import type { CommandContext } from '../command-context.ts'
import { withSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { type Column, renderTable } from '../render-table.ts'
import { instantText, outcomeText, stateText } from '../schedule-text.ts'
import { nextSlot, scheduleJson, type ShownSchedule } from '../../json/schedule-json.ts'

export function listSchedules(context: CommandContext): Promise<number> {
  return withSchedules(context, async (_, { repository }, { schedules }) => {
    const { output } = context
    const states = await repository.schedules.listStates()
    const shown: ShownSchedule[] = []
    for (const schedule of schedules) {
      const [last] = await repository.schedules.listFires({ schedule: schedule.name, limit: 1 })
      shown.push({ schedule, state: states.find((one) => one.schedule === schedule.name), last })
    }
    if (output.json) for (const one of shown) output.result(jsonLine(scheduleJson(one)))
    else if (shown.length === 0)
      output.tell('no schedules: add them to the config, defineConfig({ jobs, schedules })')
    else for (const line of renderTable(COLUMNS, shown)) output.result(line)
    return 0
  })
}

const COLUMNS: readonly Column<ShownSchedule>[] = [
  { title: 'schedule', text: ({ schedule }) => schedule.name },
  { title: 'job', text: ({ schedule }) => schedule.job.name },
  { title: 'cron', text: ({ schedule }) => `${schedule.cron} ${schedule.timezone}` },
  { title: 'next', text: ({ schedule }) => instantText(nextSlot(schedule)) },
  { title: 'last', text: ({ last }) => instantText(last?.slot) },
  { title: 'outcome', text: ({ last }) => outcomeText(last) },
  { title: 'state', text: ({ state }) => stateText(state) },
]
