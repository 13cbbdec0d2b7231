/** `batchwright webhooks enable <name>` */
import { BatchError } from '../../core/model/batch-error.ts'
import { nearestName } from '../../core/model/nearest-name.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { withBatch } from '../open-batch.ts'

/** @throws BatchError NO_SUCH_WEBHOOK */
export async function enableWebhook(context: CommandContext, name: string): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  return withBatch(context, project, [], async ({ repository: { webhooks } }) => {
    if (!(await webhooks.enable(name))) {
      const known = (await webhooks.listEndpoints()).map(({ endpoint }) => endpoint)
      throw noSuchWebhook(name, known)
    }
    if (output.json) output.result(jsonLine({ webhook: name, disabled: null }))
    else output.result(`webhook ${name} is enabled, and gets what happens from now on`)
    return 0
  })
}

function noSuchWebhook(name: string, known: readonly string[]): BatchError {
  const nearest = nearestName(name, known)
  const hint =
    nearest !== undefined
      ? `Did you mean ${nearest}?`
      : known.length === 0
        ? 'None was ever registered: that is done by the first scheduler or server that has one in its config.'
        : `There are ${known.join(', ')}.`
  return new BatchError('NO_SUCH_WEBHOOK', `There is no webhook ${name}. ${hint}`, {
    details: { webhook: name },
  })
}
