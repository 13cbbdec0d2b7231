/** `batchwright quarantine list` */
import type { QuarantineEntry } from '../../core/model/quarantined-item.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { secondText } from '../instant-text.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { type NarrowingOptions, placeText, selectionOf, stateText } from '../quarantine-text.ts'
import { entryJson } from '../../json/quarantine-json.ts'
import { type Column, renderTable } from '../render-table.ts'

export interface ListQuarantineOptions extends NarrowingOptions {
  readonly job?: string
  readonly execution?: string
  readonly all?: boolean
  readonly limit: number
  readonly before?: string
}

/** Jobs are not loaded, as for `list`. */
export async function listQuarantine(
  context: CommandContext,
  options: ListQuarantineOptions,
): Promise<number> {
  const { output } = context
  const { job, execution, all, limit, before } = options
  const entries = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.listQuarantine({
      ...selectionOf(options),
      which: all === true ? 'all' : 'open',
      limit,
      ...(job !== undefined && { jobName: job }),
      ...(execution !== undefined && { jobExecutionId: execution }),
      ...(before !== undefined && { before }),
    }),
  )
  if (output.json) for (const one of entries) output.result(jsonLine(entryJson(one)))
  else if (entries.length === 0) output.tell('no quarantined items')
  else for (const line of renderTable(COLUMNS, entries)) output.result(line)
  return 0
}

const MESSAGE_LENGTH = 60

const COLUMNS: readonly Column<QuarantineEntry>[] = [
  { title: 'id', text: ({ id }) => id, align: 'right' },
  { title: 'execution', text: ({ jobExecutionId }) => jobExecutionId, align: 'right' },
  { title: 'job', text: ({ jobName }) => jobName },
  { title: 'step', text: ({ stepName }) => stepName },
  { title: 'phase', text: ({ phase }) => phase },
  { title: 'position', text: placeText },
  { title: 'error', text: ({ error }) => error.type },
  { title: 'message', text: ({ error }) => firstLine(error.message) },
  { title: 'quarantined', text: ({ quarantinedAt }) => secondText(quarantinedAt) },
  { title: 'state', text: stateText },
]

function firstLine(text: string): string {
  const [line = ''] = text.split('\n')
  return line.length > MESSAGE_LENGTH ? `${line.slice(0, MESSAGE_LENGTH)}…` : line
}
