import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { createBatch } from '../../src/create-batch.ts'
import { continueExecutions } from '../../src/pool/continue-executions.ts'
import type { ExecutionPool } from '../../src/pool/execution-pool.ts'
import { localPool } from '../../src/pool/local-pool.ts'
import { systemClock } from '../../src/process/system-clock.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'

const waits = defineJob({
  name: 'waits',
  parameters: z.object({ run: z.string() }),
  steps: (step) => ({ wait: step.tasklet(({ signal }) => sleep(60_000, undefined, { signal })) }),
})

describe('Whoever continues executions', () => {
  it('is held up by none of them, whatever goes wrong with it', async () => {
    const batch = createBatch({
      repository: memoryRepository(),
      jobs: [waits],
      logger: pino({ level: 'silent' }),
    })
    const interrupted = async (run: string): Promise<string> => {
      const trigger = { type: 'http', name: null } as const
      const order = { jobName: 'waits', parameters: { run }, trigger, runner: 'server', by: 'anna' } as const
      const answer = await batch.operator.launch(order)
      if (answer.outcome !== 'started') throw new Error('it is new')
      await answer.started.interrupt('the server ends')
      return (await answer.started.ended).execution.id
    }
    const poison = await interrupted('poison')
    const other = await interrupted('other')

    const pool = localPool({ batch })
    let continued: (id: string) => void = () => {}
    const first = new Promise<string>((resolve) => (continued = resolve))
    const restart: ExecutionPool['restart'] = async (order) => {
      if (order.jobExecutionId === poison) throw new TypeError('thrown by a schema of the project')
      continued(order.jobExecutionId)
      return pool.restart(order)
    }
    const continuing = continueExecutions({
      operator: batch.operator,
      pool: { ...pool, restart },
      logger: pino({ level: 'silent' }),
      clock: systemClock,
      by: 'a test',
      onStopped: 'restart',
      onRecovered: 'restart',
    })
    expect(await first).to.equal(other)
    await pool.drain('the test is over')
    await continuing.end()
    await batch.close()
  })
})
