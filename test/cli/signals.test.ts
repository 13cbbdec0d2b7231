import { expect } from 'chai'
import { IN_MEMORY, startCommand } from './command.ts'
import { pause } from './fixtures/numbers.ts'

const LONGER_THAN_ONE_PRESS = 400

describe('Signals', () => {
  it('SIGTERM, SIGINT and SIGHUP finish the open chunk, end as STOPPED and with 3', async () => {
    const stop = async (signal: NodeJS.Signals) => {
      const running = startCommand([...IN_MEMORY, 'run', 'count', 'to=10000', 'pause=50', '--json'])
      await running.said('step load 1/2 started')
      running.kill(signal)
      const { exitCode, stdout, stderr } = await running.ended
      expect(exitCode, signal).to.equal(3)
      expect(stderr).to.include(`${signal}: the open chunk is finished within 25 s, then`)
      const { status, stepExecutions } = JSON.parse(stdout) as {
        status: string
        stepExecutions: { readCount: number; writeCount: number }[]
      }
      expect(status).to.equal('STOPPED')
      expect(stepExecutions[0]?.writeCount).to.equal(stepExecutions[0]?.readCount)
    }
    await Promise.all([stop('SIGTERM'), stop('SIGINT'), stop('SIGHUP')])
  })

  it('takes two of one press for one, as npm passes Ctrl-C on a second time', async () => {
    const running = startCommand([...IN_MEMORY, 'run', 'count', 'to=10000', 'pause=50'])
    await running.said('step load 1/2 started')
    running.kill('SIGINT')
    await running.said('SIGINT:')
    running.kill('SIGINT')
    expect((await running.ended).exitCode).to.equal(3)
  })

  it('a second one gives up with 130 or 143, within two seconds though the job does not listen', async () => {
    const giveUp = async (signal: NodeJS.Signals, expected: number) => {
      const running = startCommand([...IN_MEMORY, 'run', 'deaf', `name=${signal}`])
      await running.said('step sleep 1/1 started')
      running.kill(signal)
      await running.said(`${signal}:`)
      await pause(LONGER_THAN_ONE_PRESS)
      const asked = performance.now()
      running.kill(signal)
      expect((await running.ended).exitCode).to.equal(expected)
      expect(performance.now() - asked).to.be.lessThan(5000)
    }
    await Promise.all([giveUp('SIGINT', 130), giveUp('SIGTERM', 143)])
  })

  it('a second one that can be heeded is recorded as FAILED', async () => {
    const running = startCommand([...IN_MEMORY, 'run', 'count', 'to=10000', 'pause=900', '--json'])
    await running.said('step load 1/2 started')
    running.kill('SIGTERM')
    await running.said('SIGTERM:')
    await pause(LONGER_THAN_ONE_PRESS)
    running.kill('SIGTERM')
    const { exitCode, stdout } = await running.ended
    expect(exitCode).to.equal(143)
    expect(JSON.parse(stdout)).to.have.property('status', 'FAILED')
  })
})
