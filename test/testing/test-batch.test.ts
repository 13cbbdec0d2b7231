import { expect } from 'chai'
import { z } from 'zod'
import { defineJob, exitStatus } from '../../src/index.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { fakeClock, memoryTable, runJob, runStep, testBatch } from '../../src/testing/index.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { numbers } from '../core/items.ts'

const parameters = z.object({ day: z.string() })
const DAY = { day: '2026-01-31' }

describe('A job that is run in a test', () => {
  const table = memoryTable<number>()
  const order = { isBroken: false }
  const job = defineJob({
    name: 'orders',
    parameters,
    steps: (step) => ({
      load: step.chunk({ size: 4 }, { reader: iterableReader(numbers(10)), writer: table.writer }),
      report: step.tasklet(({ jobContext, stepContext, stepExecution, parameters: { day } }) => {
        if (order.isBroken) throw new Error('out of paper', { cause: new Error('the tray is empty') })
        const sheets = Number(jobContext.get('sheets') ?? 0) + Number(stepContext.get('left') ?? 0)
        jobContext.set('sheets', sheets + 1)
        stepContext.set('title', `${stepExecution.stepName} of ${day}`)
        return { exitStatus: exitStatus('PRINTED') }
      }),
      never: step.tasklet(() => {}),
    }),
  })

  beforeEach(() => {
    table.clear()
    order.isBroken = false
  })

  it('shows its steps by name, their counts, contexts and exit codes', async () => {
    const result = (await runJob(job, DAY)).completed()
    expect(result.step('load')).to.include({ readCount: 10, writeCount: 10, commitCount: 3 })
    expect(result.step('report').exitStatus.exitCode).to.equal('PRINTED')
    expect(result.step('report').context).to.include({ title: 'report of 2026-01-31' })
    expect(result.context).to.deep.equal({ sheets: 1 })
    expect(result.error).to.equal(undefined)
    expect(table.rows()).to.have.lengthOf(10)
  })

  it('says readably why it did not complete, and what it did instead of a step', async () => {
    order.isBroken = true
    const result = await runJob(job, DAY)
    expect(result.status).to.equal('FAILED')
    expect(() => result.completed()).to.throw(
      /^job orders ended FAILED\nError: out of paper\ncaused by Error: the tray is empty/,
    )
    expect(() => result.step('never')).to.throw(
      /^step never was not run: job orders ended FAILED, after load COMPLETED, report FAILED\n.*out of paper/,
    )
  })

  it('is restarted by the next run on the same repository', async () => {
    const batch = testBatch()
    order.isBroken = true
    expect((await batch.runJob(job, DAY)).status).to.equal('FAILED')
    order.isBroken = false
    const restarted = (await batch.runJob(job, DAY)).completed()
    expect(() => restarted.step('load')).to.throw('was not run')
    expect(table.rows()).to.have.lengthOf(10)
  })

  it('has the times of a fake clock and the ids that were asked for', async () => {
    const clock = fakeClock({ now: '2026-03-29T01:30:00Z' })
    const repository = memoryRepository({ clock, firstId: 4711 })
    const { execution } = (await runJob(job, DAY, { repository, clock })).completed()
    expect(execution.id).to.equal('4711')
    expect(execution.stepExecutions.map(({ id }) => id)).to.deep.equal(['4712', '4713', '4714'])
    const times = execution.stepExecutions.flatMap(({ startTime, endTime, lastUpdated }) => [
      startTime,
      endTime,
      lastUpdated,
    ])
    expect(new Set([execution.createTime, execution.endTime, ...times].map(String)).size).to.equal(1)
  })

  it('may be a single step, with what others would have left in the contexts', async () => {
    const step = await runStep(job, 'report', DAY, {
      jobContext: { sheets: 5 },
      stepContext: { left: 2 },
    })
    expect(step.completed()).to.include({ stepName: 'report', status: 'COMPLETED' })
    expect(step.jobContext).to.deep.equal({ sheets: 8 })
    expect(step.context).to.include({ title: 'report of 2026-01-31' })
    expect(table.rows()).to.deep.equal([])
  })

  it('may be a single step that fails', async () => {
    order.isBroken = true
    const step = await runStep(job, 'report', DAY)
    expect(step.status).to.equal('FAILED')
    expect((step.error as Error).message).to.equal('out of paper')
    expect(() => step.completed()).to.throw('out of paper')
  })
})
