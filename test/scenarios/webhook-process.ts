/** A process of `killed-webhooks.test.ts`: it sends webhooks until it is killed. */
import { openWebhookEndpoints, createWebhookDispatcher } from 'batchwright/webhooks'
import { postgresRepository } from 'batchwright/repository/postgres'
import type { PoolConfig } from 'pg'
import { pino } from 'pino'

export interface WebhookSetting {
  readonly connection: PoolConfig
  readonly schema: string
  readonly url: string
  readonly secret: string
}

if (process.send !== undefined) {
  process.once('message', ({ connection, schema, url, secret }: WebhookSetting) => {
    void (async () => {
      const repository = await postgresRepository({ connection, schema })
      const logger = pino({ level: 'silent' })
      const endpoints = openWebhookEndpoints([{ name: 'ops', url, secret }], {}, [])
      await createWebhookDispatcher({ repository, logger }, endpoints, {
        everyMilliseconds: 20,
        timeoutMilliseconds: 500,
        claimMilliseconds: 1000,
        retries: { firstMilliseconds: 50, longestMilliseconds: 200, giveUpAfterMilliseconds: 600_000 },
      })
      process.send?.('sending')
    })()
  })
  process.on('disconnect', () => process.exit())
}
