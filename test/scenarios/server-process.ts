/** A process of `killed-servers.test.ts`: a server until it is killed. */
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { setTimeout as sleep } from 'node:timers/promises'
import { type RunningServer, runServer } from '../../src/cli/serve/run-server.ts'
import type { Batch } from '../../src/create-batch.ts'
import { openServed, type ServedSetting } from './served-project.ts'

const GRACE = { graceMilliseconds: 5_000 }

/** The one before may not have given its port back yet. */
async function serve(batch: Batch, setting: ServedSetting): Promise<RunningServer> {
  try {
    return await runServer({
      batch,
      schedules: [],
      setting: {
        port: setting.port,
        host: '127.0.0.1',
        concurrency: 3,
        onStopped: 'restart',
        onRecovered: 'restart',
        mask: undefined,
        tokens: [],
        warnings: [],
      },
      module: { module: new URL('./served-project.js', import.meta.url), argument: setting },
      withScheduler: false,
      ...GRACE,
    })
  } catch (error) {
    if (!isBatchError(error, 'PORT_UNAVAILABLE')) throw error
    await sleep(50)
    return serve(batch, setting)
  }
}

if (process.send !== undefined) {
  process.once('message', (setting: ServedSetting) => {
    void (async () => {
      const batch = await openServed(setting)
      const server = await serve(batch, setting)
      process.once('SIGTERM', () => {
        void server.drain('told to end', GRACE).then(async () => {
          await batch.close()
          process.disconnect()
        })
      })
      process.send?.('serving')
    })()
  })
  process.on('disconnect', () => process.exit())
}
