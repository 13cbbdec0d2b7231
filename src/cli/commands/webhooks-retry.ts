/** `batchwright webhooks retry <id>` */
import { retryDelivery as retry } from '../../webhooks/retry-delivery.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../json-output.ts'
import { withBatch } from '../open-batch.ts'

/** Sends nothing itself. @throws BatchError NO_SUCH_DELIVERY, WEBHOOK_DISABLED */
export async function retryDelivery(context: CommandContext, deliveryId: string): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  return withBatch(context, project, [], async ({ repository: { webhooks } }) => {
    await retry(webhooks, deliveryId)
    if (output.json) output.result(jsonLine({ deliveryId, state: 'pending' }))
    else
      output.result(
        `delivery ${deliveryId} is due; the next scheduler or server that has its webhook sends it`,
      )
    return 0
  })
}
