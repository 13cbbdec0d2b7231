/** `batchwright webhooks enable <name>` */
import { enableWebhook as enable } from '../../webhooks/enable-webhook.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../json-output.ts'
import { withBatch } from '../open-batch.ts'

/** @throws BatchError NO_SUCH_WEBHOOK */
export async function enableWebhook(context: CommandContext, name: string): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  return withBatch(context, project, [], async ({ repository: { webhooks } }) => {
    await enable(webhooks, name)
    if (output.json) output.result(jsonLine({ webhook: name, disabled: null }))
    else output.result(`webhook ${name} is enabled, and gets what happens from now on`)
    return 0
  })
}
