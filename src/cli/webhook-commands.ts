/** The commands for webhooks: what waits to be sent, what failed, and trying it again. */
import { type Command, Option } from 'commander'
import { DELIVERY_STATES } from '../core/ports/webhook-store.ts'
import type { ContextOf, Finish } from './command-group.ts'
import type { DeliveriesOptions } from './commands/webhooks-deliveries.ts'
import { positiveInteger } from './option-values.ts'

export function webhookCommands(program: Command, contextOf: ContextOf, finish: Finish): void {
  const webhooks = program
    .command('webhooks')
    .description('look at webhooks and their deliveries, and send them again')
    .helpCommand(false)
  webhooks
    .command('list', { isDefault: true })
    .description('list the endpoints: what waits, what was given up, the last error')
    .action(async (_: object, command: Command) => {
      const { listWebhooks } = await import('./commands/webhooks-list.ts')
      finish(await listWebhooks(contextOf(command)))
    })
  webhooks
    .command('deliveries')
    .description('list deliveries, newest first')
    .option('--webhook <name>', 'only to this one')
    .addOption(new Option('--state <state>', 'only in this state').choices(DELIVERY_STATES))
    .option('--limit <number>', 'at most so many', positiveInteger, 20)
    .option('--before <id>', 'only older ones: the last id of the page before')
    .action(async (options: DeliveriesOptions, command: Command) => {
      const { listDeliveries } = await import('./commands/webhooks-deliveries.ts')
      finish(await listDeliveries(contextOf(command), options))
    })
  mendingCommands(webhooks, contextOf, finish)
}

function mendingCommands(webhooks: Command, contextOf: ContextOf, finish: Finish): void {
  webhooks
    .command('retry')
    .description(
      'make a delivery due now, also one that was given up or made; a scheduler or server sends it',
    )
    .argument('<id>')
    .action(async (id: string, _: object, command: Command) => {
      const { retryDelivery } = await import('./commands/webhooks-retry.ts')
      finish(await retryDelivery(contextOf(command), id))
    })
  webhooks
    .command('enable')
    .description('send to an endpoint again that has answered 410: what happens from now on')
    .argument('<name>')
    .action(async (name: string, _: object, command: Command) => {
      const { enableWebhook } = await import('./commands/webhooks-enable.ts')
      finish(await enableWebhook(contextOf(command), name))
    })
}
