/** `batchwright quarantine show <id>` */
import type { QuarantineEntry } from '../../core/model/quarantined-item.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { placeText, stateText } from '../quarantine-text.ts'
import { entryJson } from '../../json/quarantine-json.ts'

export async function showQuarantined(context: CommandContext, id: string): Promise<number> {
  const { output } = context
  const entry = await withBatch(context, await projectOf(context), [], ({ operator }) =>
    operator.findQuarantined(id),
  )
  if (output.json) output.result(jsonLine(entryJson(entry)))
  else for (const line of entryLines(entry)) output.result(line)
  return 0
}

function entryLines(entry: QuarantineEntry): readonly string[] {
  const { id, phase, stepName, jobName, jobExecutionId, quarantinedAt, former, error, payload } = entry
  const state = stateText(entry)
  return [
    `Quarantined item ${id} of job ${jobName}, step ${stepName}, execution ${jobExecutionId}`,
    `  failed in ${phase} at ${quarantinedAt.toISOString()}: ${placeText(entry)}`,
    ...(former === null ? [] : [`  failed before as item ${former}`]),
    ...(state === '' ? [] : [`  ${state}`]),
    '',
    `${error.type}:`,
    ...indented(error.message),
    '',
    ...(payload.kind === 'cut' ? [`cut, and not redrivable: ${payload.reason}`] : [KEPT[phase]]),
    ...indented(payload.kind === 'item' ? JSON.stringify(JSON.parse(payload.json), null, 2) : payload.text),
  ]
}

const KEPT = {
  read: 'the record as it stands in the source:',
  process: 'the item:',
  write: 'the output that was to be written:',
} as const

function indented(text: string): readonly string[] {
  return text.split('\n').map((line) => `  ${line}`)
}
