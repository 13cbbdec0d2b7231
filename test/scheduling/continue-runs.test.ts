import { expect } from 'chai'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { scheduleOperations } from '../../src/scheduling/schedule-operations.ts'
import { HOUR, idle, MINUTE, schedulerWorld, type World } from './scheduler-world.ts'

describe('A scheduler with runs that have lost their process', () => {
  it('stops its runs when it is told to end, and the next one continues them', async () => {
    const world = schedulerWorld()
    const scheduler = await world.start(world.schedule())
    world.hold()
    await world.clock.advance(HOUR)
    await world.until(async () => (await world.ledger())[0] === '01:00 FIRED STARTED')
    await scheduler.drain('SIGTERM')
    expect(await world.ledger()).to.deep.equal(['01:00 FIRED STOPPED'])
    expect(scheduler.running()).to.equal(0)
    world.release()
    await using _ = await world.start(world.schedule())
    expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED'])
    const [executions] = [await world.batch.operator.listJobExecutions({ limit: 5 })]
    const actions = await world.batch.operator.listOperatorActions(executions[1]?.id ?? '')
    expect(actions[1]?.by).to.match(/pid \d+: SIGTERM$/)
    const [instance, ...others] = await world.batch.operator.listJobInstances({ limit: 5 })
    expect([instance?.jobName, others.length]).to.deep.equal(['hourly', 0])
  })

  describe('that finds a run which another had to stop', () => {
    async function interrupted(options: Parameters<World['schedule']>[0] = {}) {
      const world = schedulerWorld()
      const schedule = world.schedule(options)
      const first = await world.start(schedule)
      world.hold()
      await world.clock.advance(HOUR)
      await world.until(async () => (await world.ledger())[0] === '01:00 FIRED STARTED')
      return { world, schedule, first }
    }

    it('waits with it until the job is free', async () => {
      const { world, schedule, first } = await interrupted()
      await first.drain('SIGTERM')
      const byHand = await world.batch.operator.start(schedule.job, { slot: '2032-01-01T00:00:00Z' })
      await using _ = await world.start(schedule)
      await world.clock.advance(5000)
      expect(await world.ledger()).to.deep.equal(['01:00 FIRED STOPPED'])
      world.release()
      await byHand.ended
      await world.clock.advance(5000)
      expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED'])
    })

    it('leaves it STOPPED where somebody had asked for that as well', async () => {
      const { world, schedule, first } = await interrupted()
      const [fire] = await world.fires()
      const draining = first.drain('SIGTERM')
      await world.batch.operator.stop(fire?.jobExecutionId ?? '', { by: 'anna' })
      await draining
      await using _ = await world.start(schedule)
      await world.clock.advance(5000)
      expect(await world.ledger()).to.deep.equal(['01:00 FIRED STOPPED'])
    })

    it('leaves it STOPPED where a later slot would have stopped it, and was fired', async () => {
      const { world, schedule, first } = await interrupted({ overlap: 'stop-previous' })
      await first.drain('SIGTERM')
      world.release()
      await world.clock.advance(HOUR)
      const operations = scheduleOperations(world.batch, [schedule], world.clock)
      const later = await operations.trigger('hourly', {})
      if (later.outcome === 'FIRED') await later.started.ended
      await using _ = await world.start(schedule)
      await world.clock.advance(5000)
      expect((await idle(world))[0]).to.equal('01:00 FIRED STOPPED')
    })
  })

  it('leaves them STOPPED where its author says so', async () => {
    const world = schedulerWorld()
    const scheduler = await world.start(world.schedule({ onRecovered: 'leave' }))
    world.hold()
    await world.clock.advance(HOUR)
    await world.until(async () => (await world.ledger())[0] === '01:00 FIRED STARTED')
    await scheduler.drain('SIGTERM')
    expect(await world.ledger()).to.deep.equal(['01:00 FIRED STOPPED'])
  })

  describe('that finds a run whose owner has died', () => {
    const once = { cron: '30 1 15 6 *' }

    it('restarts it, and says so on the execution', async () => {
      const world = schedulerWorld({ leaseMilliseconds: HOUR })
      await using _ = await world.start(world.schedule(once))
      world.hold()
      await world.clock.advance(HOUR + MINUTE)
      await world.until(async () => (await world.ledger())[0] === '01:30 FIRED STARTED')
      await world.clock.advance(HOUR + MINUTE)
      world.release()
      expect(await idle(world)).to.deep.equal(['01:30 FIRED COMPLETED'])
      const executions = await world.batch.operator.listJobExecutions({ limit: 5 })
      expect(executions.map(({ status }) => status)).to.deep.equal(['COMPLETED', 'FAILED'])
      for (const { launch } of executions)
        expect(launch).to.deep.equal({ trigger: { type: 'schedule', name: 'hourly' }, runner: 'scheduler' })
      const actions = await world.batch.operator.listOperatorActions(executions[0]?.id ?? '')
      expect(actions.map(({ by }) => by)).to.deep.equal([
        'schedule hourly 2032-06-15T01:30:00.000Z, after its process died',
      ])
    })

    it('does so three times, and then leaves it FAILED', async () => {
      const world = schedulerWorld({ leaseMilliseconds: HOUR })
      await using _ = await world.start(world.schedule(once))
      world.hold()
      await world.clock.advance(HOUR + MINUTE)
      for (let attempt = 1; attempt <= 4; attempt += 1) {
        await world.until(async () => (await world.ledger())[0] === '01:30 FIRED STARTED')
        await world.clock.advance(HOUR + MINUTE)
      }
      expect(await world.ledger()).to.deep.equal(['01:30 FIRED FAILED'])
      expect(await world.batch.operator.listJobExecutions({ limit: 9 })).to.have.lengthOf(4)
      world.release()
    })

    it('counts deaths, and no other failures', async () => {
      const world = schedulerWorld({ leaseMilliseconds: HOUR })
      const schedule = world.schedule(once)
      world.hold()
      const operations = scheduleOperations(world.batch, [schedule], world.clock)
      const fired = await operations.trigger('hourly', {})
      let run = fired.outcome === 'FIRED' ? fired.started : undefined
      for (let failure = 1; failure <= 4; failure += 1) {
        run?.abort('somebody has no time')
        await run?.ended
        run = await world.batch.operator.restart(run?.execution.id ?? '')
      }
      await using _ = await world.start(schedule)
      await world.clock.advance(HOUR + MINUTE)
      world.release()
      expect((await idle(world))[0]).to.equal('00:30 FIRED COMPLETED')
    })

    /** Of a schedule that a scheduler of the other one alone does not know. */
    async function heldRun() {
      const world = schedulerWorld({ leaseMilliseconds: HOUR })
      const [known, unknown] = [world.schedule({ ...once, name: 'another' }), world.schedule(once)]
      world.hold()
      const operations = scheduleOperations(world.batch, [known, unknown], world.clock)
      await operations.trigger('hourly', { runner: 'scheduler' })
      return { world, known, unknown }
    }

    it('leaves it to those who know its schedule, and closes it when none of them has come', async () => {
      const { world, known } = await heldRun()
      await using _ = await world.start(known)
      await world.clock.advance(HOUR + 4 * MINUTE)
      expect((await world.ledger())[0]).to.equal('00:30 FIRED STARTED')
      await world.clock.advance(2 * MINUTE)
      await world.until(async () => (await world.ledger())[0] === '00:30 FIRED FAILED')
      await world.until(() => world.logged.some((line) => line.startsWith('execution 1 is recovered: ')))
      world.release()
    })

    it('restarts it although another that does not know its schedule has found it first', async () => {
      const { world, known, unknown } = await heldRun()
      await using _ = await world.start(known)
      await world.clock.advance(HOUR + MINUTE)
      await using __ = await world.start(unknown)
      world.release()
      expect((await idle(world))[0]).to.equal('00:30 FIRED COMPLETED')
    })

    it('leaves it to servers where a server ran it, and does not look at it again', async () => {
      let looks = 0
      const change = (memory: JobRepository): JobRepository => {
        const findFireOfInstance = (id: string) => {
          looks += 1
          return memory.schedules.findFireOfInstance(id)
        }
        return { ...memory, schedules: { ...memory.schedules, findFireOfInstance } }
      }
      const world = schedulerWorld({ leaseMilliseconds: HOUR, change })
      const schedule = world.schedule(once)
      world.hold()
      const operations = scheduleOperations(world.batch, [schedule], world.clock)
      await operations.trigger('hourly', { runner: 'server' })
      await using _ = await world.start(schedule)
      await world.clock.advance(HOUR + MINUTE)
      expect((await world.ledger())[0]).to.match(/ FIRED STARTED$/)
      expect(await world.batch.operator.listStale()).to.have.lengthOf(1)
      expect(looks).to.equal(1)
      world.release()
    })

    it('closes it as FAILED where its author says so, or where somebody had asked it to stop', async () => {
      for (const onRecovered of ['leave', 'restart'] as const) {
        const world = schedulerWorld({ leaseMilliseconds: HOUR })
        await using _ = await world.start(world.schedule({ ...once, onRecovered }))
        world.hold()
        await world.clock.advance(HOUR + MINUTE)
        await world.until(async () => (await world.ledger())[0] === '01:30 FIRED STARTED')
        const [fire] = await world.fires()
        if (onRecovered === 'restart') await world.batch.operator.stop(fire?.jobExecutionId ?? '')
        await world.clock.advance(HOUR + MINUTE)
        expect(await world.ledger()).to.deep.equal(['01:30 FIRED FAILED'])
        world.release()
      }
    })
  })
})
