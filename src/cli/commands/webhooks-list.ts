/** `batchwright webhooks` */
import type { WebhookEndpointState } from '../../core/ports/webhook-store.ts'
import { type CommandContext, projectOf } from '../command-context.ts'
import { jsonLine } from '../../json/json-line.ts'
import { webhookJson } from '../../json/webhook-json.ts'
import { withBatch } from '../open-batch.ts'
import { type Column, renderTable } from '../render-table.ts'
import { instantText } from '../instant-text.ts'

interface ShownWebhook extends WebhookEndpointState {
  /** Null for one that is not in the config. */
  readonly origin: string | null
}

/** Those that were ever registered; one that is only in the config waits for a scheduler or a server. */
export async function listWebhooks(context: CommandContext): Promise<number> {
  const { output } = context
  const project = await projectOf(context)
  const configured = new Map(
    (project.config.webhooks ?? []).map(({ name, url }) => [name, new URL(url).origin]),
  )
  return withBatch(context, project, [], async ({ repository }) => {
    const states = await repository.webhooks.listEndpoints()
    const shown = states.map((one): ShownWebhook => ({
      ...one,
      origin: configured.get(one.endpoint) ?? null,
    }))
    const waiting = [...configured.keys()].filter((name) => states.every(({ endpoint }) => endpoint !== name))
    if (output.json) for (const one of shown) output.result(jsonLine(webhookJson(one)))
    else for (const line of shown.length === 0 ? [] : renderTable(COLUMNS, shown)) output.result(line)
    if (shown.length + waiting.length === 0)
      output.tell('no webhooks: add them to the config, defineConfig({ jobs, webhooks })')
    for (const name of waiting)
      output.tell(`${name} gets what happens from the next start of a scheduler or server on`)
    return 0
  })
}

const COLUMNS: readonly Column<ShownWebhook>[] = [
  { title: 'webhook', text: ({ endpoint }) => endpoint },
  { title: 'to', text: ({ origin }) => origin ?? 'not in the config' },
  { title: 'since', text: ({ registeredAt }) => instantText(registeredAt) },
  { title: 'pending', text: ({ pending }) => String(pending), align: 'right' },
  { title: 'failing', text: ({ failing }) => String(failing), align: 'right' },
  { title: 'given up', text: ({ givenUp }) => String(givenUp), align: 'right' },
  { title: 'delivered', text: ({ delivered }) => String(delivered), align: 'right' },
  { title: 'last', text: ({ lastDeliveredAt }) => instantText(lastDeliveredAt ?? undefined) },
  {
    title: 'state',
    text: ({ disabled }) => (disabled === null ? '' : `disabled since ${instantText(disabled.since)}`),
  },
  { title: 'last error', text: ({ lastError }) => lastError ?? '' },
]
