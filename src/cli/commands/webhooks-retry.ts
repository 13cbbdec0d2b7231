/** `batchwright webhooks retry <id>` */
import { BatchError } from '../../core/model/batch-error.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'

/** Sends nothing itself. @throws BatchError NO_SUCH_DELIVERY, WEBHOOK_DISABLED */
export async function retryDelivery(context: CommandContext, deliveryId: string): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  return withBatch(context, project, [], async ({ repository }) => {
    const answer = await repository.webhooks.retry(deliveryId)
    switch (answer) {
      case 'due':
        if (output.json) output.result(jsonLine({ deliveryId, state: 'pending' }))
        else
          output.result(
            `delivery ${deliveryId} is due; the next scheduler or server that has its webhook sends it`,
          )
        return 0
      case 'disabled':
        throw new BatchError(
          'WEBHOOK_DISABLED',
          `Delivery ${deliveryId} goes to a webhook that is disabled; nothing was changed. ` +
            'See batchwright webhooks, and enable it first: batchwright webhooks enable <name>.',
          { details: { deliveryId } },
        )
      case 'not-found':
        throw new BatchError(
          'NO_SUCH_DELIVERY',
          `There is no delivery ${deliveryId}. See: batchwright webhooks deliveries`,
          { details: { deliveryId } },
        )
      default:
        return answer satisfies never
    }
  })
}
