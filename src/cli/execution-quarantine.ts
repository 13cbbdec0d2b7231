/** What `show` says of an execution's skipped items, and of the redrives on either side of it. */
import type { ExecutionQuarantine } from '../core/operator/quarantine-operations.ts'
import type { QuarantineSummary, RedriveBatch } from '../core/ports/quarantine-store.ts'
import { countText } from './quantity-text.ts'

/** No lines where the quarantine has nothing to do with it. */
export function quarantineLines(
  jobExecutionId: string,
  { items, redrives, redriveOf }: ExecutionQuarantine,
): readonly string[] {
  return [
    ...(redriveOf === undefined
      ? []
      : [`redrives ${itemsText(batchItems(redriveOf))} of execution ${redriveOf.originJobExecutionId}`]),
    ...(items.length === 0
      ? []
      : [
          `quarantine: ${statesText(items)}; batchwright quarantine list --all --execution ${jobExecutionId}`,
        ]),
    ...redrives.map(
      (batch) =>
        `execution ${batch.jobExecutionId ?? '(deleted)'} redrives ${itemsText(batchItems(batch))} of it: ${batch.status ?? 'gone'}`,
    ),
  ]
}

const WORDS: Readonly<Record<QuarantineSummary['state'], string>> = {
  due: 'waiting',
  cut: 'cut',
  held: 'in a redrive',
  done: 'redriven',
}

/** `3 waiting, 1 cut` */
function statesText(summaries: readonly QuarantineSummary[]): string {
  const counts = Object.entries(WORDS).map(([state, word]) => {
    const items = summaries.filter((one) => one.state === state).reduce((sum, one) => sum + one.items, 0)
    return items === 0 ? '' : `${countText(items)} ${word}`
  })
  return counts.filter((text) => text !== '').join(', ')
}

function batchItems({ steps }: RedriveBatch): number {
  return steps.reduce((sum, { items }) => sum + items, 0)
}

export function itemsText(items: number): string {
  return items === 1 ? '1 item' : `${countText(items)} items`
}
