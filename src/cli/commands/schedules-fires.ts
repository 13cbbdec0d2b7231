/** `batchwright schedules fires <name>` */
import type { FireOutcome, ScheduleFire } from '../../core/model/schedule-fire.ts'
import type { CommandContext } from '../command-context.ts'
import { withSchedules } from '../checked-schedules.ts'
import { jsonLine } from '../../json/json-line.ts'
import { type Column, renderTable } from '../render-table.ts'
import { instantText } from '../instant-text.ts'
import { fireJson } from '../../json/schedule-json.ts'

export interface FiresOptions {
  readonly outcome?: FireOutcome
  readonly limit: number
  readonly before?: Date
}

export function listFires(context: CommandContext, name: string, options: FiresOptions): Promise<number> {
  const { outcome, limit, before } = options
  return withSchedules(context, async ({ find }, { repository }) => {
    const { output } = context
    const fires = await repository.schedules.listFires({
      schedule: find(name).name,
      limit,
      ...(outcome !== undefined && { outcomes: [outcome] }),
      ...(before !== undefined && { until: new Date(before.getTime() - 1) }),
    })
    if (output.json) for (const one of fires) output.result(jsonLine(fireJson(one)))
    else if (fires.length === 0) output.tell('no slot of it is known')
    else for (const line of renderTable(COLUMNS, fires)) output.result(line)
    return 0
  })
}

const COLUMNS: readonly Column<ScheduleFire>[] = [
  { title: 'slot', text: ({ slot }) => instantText(slot) },
  { title: 'outcome', text: ({ outcome }) => outcome },
  { title: 'execution', text: ({ latest }) => latest?.jobExecutionId ?? '', align: 'right' },
  { title: 'status', text: ({ latest }) => latest?.status ?? '' },
  { title: 'fired', text: ({ firedAt }) => instantText(firedAt) },
  { title: 'by', text: ({ firedBy }) => firedBy },
  { title: 'detail', text: ({ detail }) => detail?.split('\n')[0] ?? '' },
]
