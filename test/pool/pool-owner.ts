/** A server that is nothing but its pool: launches what it is told, and waits to be killed. */
import { pino } from 'pino'
import type { LaunchOrder } from '../../src/core/operator/launch-order.ts'
import { forkedPool } from '../../src/pool/forked-pool.ts'
import type { PooledSetting } from './pooled-jobs.ts'

interface OwnerOrder {
  readonly setting: PooledSetting
  readonly order: LaunchOrder
}

if (process.send !== undefined) {
  process.once('message', ({ setting, order }: OwnerOrder) => {
    const pool = forkedPool({
      limit: 1,
      module: { module: new URL('./pooled-jobs.js', import.meta.url), argument: setting },
      logger: pino({ level: 'silent' }),
      orphanGraceMilliseconds: 500,
    })
    void pool.launch(order).then(({ execution }) => process.send?.(execution.id))
  })
}
