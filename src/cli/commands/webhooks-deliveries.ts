/** `batchwright webhooks deliveries` */
import type { DeliveryState, WebhookDelivery } from '../../core/ports/webhook-store.ts'
import { deliveryJson } from '../../json/webhook-json.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'
import { type Column, renderTable } from '../render-table.ts'
import { instantText } from '../instant-text.ts'

export interface DeliveriesOptions {
  readonly webhook?: string
  readonly state?: DeliveryState
  readonly limit: number
  readonly before?: string
}

export async function listDeliveries(context: CommandContext, options: DeliveriesOptions): Promise<number> {
  const { output } = context
  const { webhook, ...filter } = options
  const project = await projectOf(context)
  return withBatch(context, project, [], async ({ repository }) => {
    const deliveries = await repository.webhooks.listDeliveries({
      ...filter,
      ...(webhook !== undefined && { endpoint: webhook }),
    })
    if (output.json)
      for (const one of deliveries) output.result(jsonLine({ ...deliveryJson(one), payload: one.payload }))
    else if (deliveries.length === 0) output.tell('no delivery')
    else for (const line of renderTable(COLUMNS, deliveries)) output.result(line)
    return 0
  })
}

const COLUMNS: readonly Column<WebhookDelivery>[] = [
  { title: 'id', text: ({ id }) => id, align: 'right' },
  { title: 'webhook', text: ({ endpoint }) => endpoint },
  { title: 'type', text: ({ eventType }) => eventType },
  { title: 'created', text: ({ createdAt }) => instantText(createdAt) },
  { title: 'state', text: ({ state }) => state },
  { title: 'attempts', text: ({ attempts }) => String(attempts), align: 'right' },
  { title: 'next', text: ({ nextAttemptAt }) => instantText(nextAttemptAt ?? undefined) },
  { title: 'last error', text: ({ lastError }) => lastError ?? '' },
]
