import { resolve } from 'node:path'
import { expect } from 'chai'
import { testDatabase, type TestDatabase } from '../embedded-postgres.ts'
import { command, environmentOf, jsonOf } from './command.ts'

const JOBS = resolve('test/schedulers/fixtures/jobs.ts')
const OPTION = '--scheduled-from-k8s-job-name'

describe('The slot in the name of a Kubernetes Job', () => {
  let database: TestDatabase

  before(async () => {
    database = await testDatabase()
  })
  after(() => database.close())

  const run = (...args: string[]) =>
    command(['run', 'end-of-day', '--jobs', JOBS, '--json', ...args], {
      environment: environmentOf(database),
    })

  it('is the parameter scheduledAt, so that the second Job of one slot ends with 4, and of the next slot runs', async () => {
    const first = await run(OPTION, 'end-of-day-29395830')
    expect(first.exitCode, first.stdout).to.equal(0)
    expect(jsonOf(first)['jobParameters']).to.deep.equal({
      scheduledAt: { type: 'java.time.LocalDateTime', value: '2025-11-21T18:30:00', identifying: true },
    })
    expect((await run(OPTION, 'end-of-day-29395830')).exitCode).to.equal(4)
    expect((await run(OPTION, 'end-of-day-29395831')).exitCode).to.equal(0)
  })

  it('is refused with 2 where the name has none, it is given twice, or each try would be a new instance', async () => {
    const mistakes = [
      {
        args: [OPTION, 'end-of-day-by-hand'],
        said: 'the Job name "end-of-day-by-hand" does not end in the minutes',
      },
      { args: [OPTION, 'end-of-day-2026'], said: 'does not end in the minutes of a slot' },
      { args: [OPTION, ''], said: 'the Job name "" does not end in' },
      {
        args: [OPTION, 'a-29395830', 'scheduledAt=2025-11-21T18:30:00Z'],
        said: 'scheduledAt is given twice',
      },
      { args: [OPTION, 'a-29395830', '--next'], said: `${OPTION} does not go with --next` },
    ]
    for (const { args, said } of mistakes) {
      const { exitCode, stdout } = await run(...args)
      expect({ args, exitCode }).to.deep.equal({ args, exitCode: 2 })
      expect((JSON.parse(stdout) as { error: { message: string } }).error.message).to.include(said)
    }
  })
})
