import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { pino } from 'pino'
import { exitStatus } from '../../../src/core/model/exit-status.ts'
import { createBatch } from '../../../src/create-batch.ts'
import { memoryRepository } from '../../../src/repository/memory/memory-repository.ts'
import { jobOf, testBatch } from '../run-job.ts'

describe('A tasklet', () => {
  it('is called until it is done, one commit a turn', async () => {
    let turns = 0
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(({ count }) => {
          count({ writeCount: 2 })
          return ++turns < 3 ? 'continue' : 'done'
        }),
      })),
    )
    expect(turns).to.equal(3)
    expect(execution.stepExecutions[0]).to.deep.include({
      status: 'COMPLETED',
      commitCount: 3,
      writeCount: 6,
    })
  })

  it('that was done when its process died is not called again', async () => {
    const { run, repository } = testBatch()
    let ran = 0
    const fail = new Set([1])
    const job = jobOf((step) => ({
      only: step.tasklet(
        {
          listeners: [
            {
              afterStep: () =>
                fail.delete(1) ? Promise.reject(new Error('the process dies here')) : undefined,
            },
          ],
        },
        () => {
          ran += 1
          return { exitStatus: exitStatus('DONE ALREADY', 'by the first') }
        },
      ),
    }))
    expect((await run(job)).execution.status).to.equal('FAILED')
    const { execution } = await run(job)
    expect(ran).to.equal(1)
    expect(execution).to.deep.include({
      status: 'COMPLETED',
      exitStatus: { exitCode: 'DONE ALREADY', exitDescription: 'by the first' },
    })
    expect(await repository.listJobExecutions({ limit: 9 })).to.have.lengthOf(2)
  })

  it('may end with an exit status of its own, which becomes the job’s', async () => {
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(() => ({ exitStatus: exitStatus('NOTHING NEW', 'no files') })),
      })),
    )
    expect(execution.status).to.equal('COMPLETED')
    expect(execution.exitStatus).to.deep.equal({ exitCode: 'NOTHING NEW', exitDescription: 'no files' })
  })

  it('that fails, fails the step, and its turn counts as a rollback', async () => {
    const { execution, error } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(({ count }) => {
          count({ writeCount: 2 })
          throw new Error('no disk')
        }),
      })),
    )
    expect((error as Error).message).to.equal('no disk')
    expect(execution.stepExecutions[0]).to.deep.include({
      status: 'FAILED',
      writeCount: 0,
      commitCount: 0,
      rollbackCount: 1,
    })
    expect(execution.exitStatus.exitDescription).to.match(/^Error: no disk/)
  })

  it('is stopped through its signal, and that is no failure', async () => {
    const stop = new AbortController()
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(async ({ signal }) => {
          setTimeout(() => stop.abort(), 10)
          await sleep(10_000, undefined, { signal })
        }),
        never: step.tasklet(() => expect.fail('it was begun')),
      })),
      { signal: stop.signal },
    )
    expect(execution.status).to.equal('STOPPED')
    expect(execution.stepExecutions.map(({ stepName, status }) => `${stepName} ${status}`)).to.deep.equal([
      'only STOPPED',
    ])
  })

  it('that has done its work when it is stopped is complete, and is not run again', async () => {
    const { run } = testBatch()
    const stop = new AbortController()
    let ran = 0
    const job = jobOf((step) => ({
      only: step.tasklet(() => {
        ran += 1
        stop.abort()
      }),
      next: step.tasklet(() => undefined),
    }))
    const first = await run(job, { signal: stop.signal })
    expect(first.execution.status).to.equal('STOPPED')
    expect(first.execution.stepExecutions.map(({ status }) => status)).to.deep.equal(['COMPLETED'])
    const second = await run(job)
    expect(second.execution.status).to.equal('COMPLETED')
    expect(ran).to.equal(1)
  })

  it('fails when it throws for another reason after a stop', async () => {
    const stop = new AbortController()
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(() => {
          stop.abort()
          throw new Error('the disk is full')
        }),
      })),
      { signal: stop.signal },
    )
    expect(execution.status).to.equal('FAILED')
  })

  it('that answers what it may not has committed nothing', async () => {
    for (const answer of [null, { rows: [] }, 'finished', 5]) {
      const { execution, error } = await testBatch().run(
        jobOf((step) => ({ only: step.tasklet(() => answer as never) })),
      )
      expect((error as Error).message).to.contain('must answer')
      expect(execution.stepExecutions[0]).to.deep.include({
        status: 'FAILED',
        commitCount: 0,
        rollbackCount: 1,
      })
    }
  })

  it('that was aborted while it worked fails, although it returned', async () => {
    const job = jobOf((step) => ({ only: step.tasklet(() => sleep(20)) }))
    const batch = createBatch({
      repository: memoryRepository(),
      jobs: [job],
      logger: pino({ level: 'silent' }),
    })
    const started = await batch.operator.start(job, {})
    setTimeout(() => started.abort('an error that nobody handles'), 5)
    const { execution, error } = await started.ended
    expect(execution.status).to.equal('FAILED')
    expect((error as Error).message).to.equal('an error that nobody handles')
  })

  it('cannot put into a context what cannot be stored, and the failure is recorded', async () => {
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    for (const value of [() => 1, Number.NaN, cyclic, new Date(), { deep: [Symbol('x')] }, 'a\0b']) {
      const { execution, error } = await testBatch().run(
        jobOf((step) => ({ only: step.tasklet(({ jobContext }) => jobContext.set('key', value as never)) })),
      )
      expect((error as Error).message).to.match(/^The context value key/)
      expect(execution.status).to.equal('FAILED')
    }
  })

  it('gets copies from a context, so that only what is set is stored', async () => {
    const { execution } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(({ stepContext }) => {
          const list = [1]
          stepContext.set('list', list)
          list.push(2)
          ;(stepContext.get('list') as number[]).push(3)
        }),
      })),
    )
    const context = execution.stepExecutions[0]?.executionContext
    expect(context?.kind === 'readable' && context.values['list']).to.deep.equal([1])
  })

  it('cannot write the framework’s own context keys', async () => {
    const { error } = await testBatch().run(
      jobOf((step) => ({
        only: step.tasklet(({ stepContext }) => stepContext.set('batchwright.reader', 1)),
      })),
    )
    expect((error as Error).message).to.contain('batchwright.reader')
  })

  it('has no Postgres in the transaction of the in-memory repository, and is told what to do', async () => {
    const { pgClient } = await import('../../../src/postgres/resources.ts')
    const { error } = await testBatch().run(
      jobOf((step) => ({ only: step.tasklet(({ transaction }) => void pgClient(transaction)) })),
    )
    expect((error as Error).message).to.contain('pg client')
  })
})
