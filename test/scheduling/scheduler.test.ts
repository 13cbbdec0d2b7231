import { expect } from 'chai'
import { BatchError } from '../../src/core/model/batch-error.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { createScheduler } from '../../src/scheduling/scheduler.ts'
import { scheduleOperations } from '../../src/scheduling/schedule-operations.ts'
import { HOUR, idle, MINUTE, schedulerWorld, type World } from './scheduler-world.ts'

describe('A scheduler', () => {
  it('fires each slot once, and says on the execution who did', async () => {
    const world = schedulerWorld()
    await using _ = await world.start(world.schedule())
    await using _other = await world.start(world.schedule())
    await world.clock.advance(2 * HOUR)
    expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED', '02:00 FIRED COMPLETED'])
    const [fire] = await world.fires()
    const actions = await world.batch.operator.listOperatorActions(fire?.jobExecutionId ?? '')
    expect(actions.map(({ by }) => by)).to.deep.equal(['schedule hourly 2032-06-15T01:00:00.000Z'])
    expect(fire?.firedBy).to.match(/pid \d+/)
  })

  it('never fires what was due before it was known', async () => {
    const world = schedulerWorld()
    await world.clock.advance(3 * HOUR)
    await using _ = await world.start(world.schedule({ misfire: { rule: 'catch-up', window: '1d' } }))
    await world.clock.advance(MINUTE)
    expect(await world.ledger()).to.deep.equal([])
  })

  describe('that was away for three hours', () => {
    async function ledgerAfter(misfire: NonNullable<ReturnType<World['schedule']>['misfire']>) {
      const world = schedulerWorld()
      const schedule = world.schedule({ misfire })
      await (await world.start(schedule)).drain('a test')
      await world.clock.advance(3 * HOUR)
      await using _ = await world.start(schedule)
      await idle(world)
      for (let turn = 0; turn < 4; turn += 1) {
        await world.clock.advance(5000)
        await idle(world)
      }
      return { ledger: await world.ledger(), fires: await world.fires() }
    }

    it('records what was missed, and fires none of it, where misfires are skipped', async () => {
      const { ledger, fires } = await ledgerAfter('skip')
      expect(ledger).to.deep.equal(['01:00 MISSED', '02:00 MISSED', '03:00 MISSED'])
      expect(fires[0]?.detail).to.contain('misfires are skipped')
    })

    it('fires the latest one within the window, where one is made up for', async () => {
      const { ledger, fires } = await ledgerAfter('fire-once')
      expect(ledger).to.deep.equal(['01:00 MISSED', '02:00 MISSED', '03:00 FIRED COMPLETED'])
      expect(fires[0]?.detail).to.contain('misfire window of 3600 s')
    })

    it('fires all within the window and the limit, oldest first, where they are caught up on', async () => {
      const all = await ledgerAfter({ rule: 'catch-up', window: '1d' })
      expect(all.ledger).to.deep.equal([
        '01:00 FIRED COMPLETED',
        '02:00 FIRED COMPLETED',
        '03:00 FIRED COMPLETED',
      ])
      const ids = all.fires.map(({ jobExecutionId }) => Number(jobExecutionId))
      expect(ids).to.deep.equal(ids.toSorted((one, other) => one - other))
      const two = await ledgerAfter({ rule: 'catch-up', window: '1d', limit: 2 })
      expect(two.ledger).to.deep.equal(['01:00 MISSED', '02:00 FIRED COMPLETED', '03:00 FIRED COMPLETED'])
      expect(two.fires[0]?.detail).to.contain('only the latest 2 are made up for')
    })
  })

  it('covers what it has missed by the thousands in stretches, and makes up for the latest at their end', async () => {
    const world = schedulerWorld()
    const schedule = world.schedule({ cron: '* * * 15 6 *', misfire: 'fire-once' })
    const coveredUntil = async () => {
      const [state] = await world.repository.schedules.register([schedule.name], world.clock.now())
      return state?.coveredUntil.toISOString().slice(11, 19)
    }
    await (await world.start(schedule)).drain('a test')
    await world.clock.advance(7 * HOUR)
    await using _ = await world.start(schedule)
    const covered = [await coveredUntil()]
    for (let turn = 0; turn < 3; turn += 1) {
      await world.clock.advance(5000)
      covered.push(await coveredUntil())
    }
    await idle(world)
    expect(covered.slice(0, 2)).to.deep.equal(['03:16:40', '06:03:20'])
    expect(covered.at(-1)).to.match(/^07:30:1\d$/)
    const missed = {
      schedule: schedule.name,
      outcomes: ['MISSED'],
      order: 'oldest-first',
      limit: 30_000,
    } as const
    const fires = await world.repository.schedules.listFires(missed)
    expect(new Set(fires.map(({ slot }) => slot.getTime())).size).to.equal(fires.length)
  })

  describe('whose job is still running at the next slot', () => {
    async function ledgerWhileHeld(overlap: 'skip' | 'queue-one' | 'allow') {
      const world = schedulerWorld()
      await using scheduler = await world.start(world.schedule({ overlap }))
      world.hold()
      await world.clock.advance(3 * HOUR)
      await world.until(async () => (await world.ledger()).length === 3)
      const held = await world.ledger()
      world.release()
      await idle(world)
      await world.clock.advance(5000)
      await idle(world)
      await scheduler.drain('a test')
      return { held, after: await world.ledger(), fires: await world.fires() }
    }

    it('leaves the slot out, and says because of what', async () => {
      const { held, fires } = await ledgerWhileHeld('skip')
      expect(held.map((line) => line.split(' ')[1])).to.deep.equal(['FIRED', 'SKIPPED', 'SKIPPED'])
      expect(fires[1]?.detail).to.equal('execution 1 of the job is STARTED')
    })

    it('lets one wait, and leaves out those after it', async () => {
      const { held, after, fires } = await ledgerWhileHeld('queue-one')
      expect(held.map((line) => line.split(' ')[1])).to.deep.equal(['FIRED', 'QUEUED', 'SKIPPED'])
      expect(after).to.deep.equal(['01:00 FIRED COMPLETED', '02:00 FIRED COMPLETED', '03:00 SKIPPED'])
      expect(fires[2]?.detail).to.equal('execution 1 of the job is STARTED, and 1 slot waits')
    })

    it('lets as many wait as it catches up on, one after the other', async () => {
      const world = schedulerWorld()
      const misfire = { rule: 'catch-up', window: '1d', limit: 2 } as const
      await using _ = await world.start(world.schedule({ overlap: 'queue-one', misfire }))
      world.hold()
      await world.clock.advance(4 * HOUR)
      await world.until(async () => (await world.ledger()).length === 4)
      const held = await world.ledger()
      world.release()
      expect(held.map((line) => line.split(' ')[1])).to.deep.equal(['FIRED', 'QUEUED', 'QUEUED', 'SKIPPED'])
    })

    it('runs them side by side', async () => {
      const { held } = await ledgerWhileHeld('allow')
      expect(held.map((line) => line.split(' ')[1])).to.deep.equal(['FIRED', 'FIRED', 'FIRED'])
    })

    it('asks it to stop, and runs when it has ended', async () => {
      const world = schedulerWorld()
      await using _ = await world.start(world.schedule({ overlap: 'stop-previous' }))
      world.hold()
      await world.clock.advance(HOUR)
      await world.until(async () => (await world.ledger())[0] === '01:00 FIRED STARTED')
      await world.clock.advance(2 * HOUR)
      await world.until(async () => (await world.ledger()).length === 3)
      expect(await world.ledger()).to.deep.equal(['01:00 FIRED STOPPING', '02:00 SKIPPED', '03:00 QUEUED'])
      const [fire, superseded] = await world.fires()
      expect(superseded?.detail).to.equal('the slot 2032-06-15T03:00:00.000Z took its place in the queue')
      const actions = await world.batch.operator.listOperatorActions(fire?.jobExecutionId ?? '')
      expect(actions.map(({ action, by }) => `${action} by ${by}`)).to.deep.equal([
        'launch by schedule hourly 2032-06-15T01:00:00.000Z',
        'stop by schedule hourly 2032-06-15T02:00:00.000Z',
      ])
      world.release()
      await world.until(async () => /COMPLETED|STOPPED/.test((await world.ledger())[0] ?? ''))
      await world.clock.advance(5000)
      expect((await idle(world))[2]).to.equal('03:00 FIRED COMPLETED')
    })
  })

  it('records a slot whose launch is refused, and why', async () => {
    const world = schedulerWorld()
    let faults = 0
    const parameters = ({ slot }: { readonly slot: Date }) => {
      // Good for as long as it is tried out, and no longer.
      if (faults === 0) return { slot: slot.toISOString() }
      throw new Error('the calendar is away')
    }
    await using _ = await world.start(world.schedule({ parameters }))
    faults = 1
    await world.clock.advance(HOUR)
    const [fire] = await world.fires()
    expect(fire?.outcome).to.equal('REFUSED')
    expect(fire?.detail).to.match(/^INVALID_JOB_PARAMETERS: .*the calendar is away/)
  })

  it('fires nothing while it is paused, and nothing of the pause after it', async () => {
    const world = schedulerWorld()
    const schedule = world.schedule({ misfire: { rule: 'catch-up', window: '1d' } })
    await using _ = await world.start(schedule)
    const operations = scheduleOperations(world.batch, [schedule], world.clock)
    await operations.pause('hourly', 'the fair', 'anna')
    await world.clock.advance(2 * HOUR)
    await operations.resume('hourly', 'anna')
    await world.clock.advance(HOUR)
    expect(await idle(world)).to.deep.equal(['01:00 PAUSED', '02:00 PAUSED', '03:00 FIRED COMPLETED'])
    expect((await world.fires())[0]?.detail).to.equal(
      'paused since 2032-06-15T00:30:00.000Z by anna: the fair',
    )
  })

  it('is paused by a failure until a person resumes it, where its runs build on each other', async () => {
    const world = schedulerWorld()
    const schedule = world.schedule({ pauseOnFailure: true })
    await using _ = await world.start(schedule)
    const operations = scheduleOperations(world.batch, [schedule], world.clock)
    world.hold()
    await world.clock.advance(HOUR)
    await world.until(async () => (await world.ledger())[0] === '01:00 FIRED STARTED')
    const [fire] = await world.fires()
    await world.batch.operator.recover(fire?.jobExecutionId ?? '', { force: true })
    world.release()
    await world.clock.advance(2 * HOUR)
    expect(await idle(world)).to.deep.equal(['01:00 FIRED FAILED', '02:00 PAUSED', '03:00 PAUSED'])
    const [overview] = await operations.overview(['hourly'])
    const { by, note } = overview?.state?.pause ?? {}
    expect(by).to.equal('schedule hourly')
    expect(note).to.equal('execution 1, of the slot 2032-06-15T01:00:00.000Z, has FAILED')
    await operations.resume('hourly', 'anna')
    await world.clock.advance(HOUR)
    expect((await idle(world)).at(-1)).to.equal('04:00 FIRED COMPLETED')
  })

  it('takes the slots of a pause for paused, also where nobody ran meanwhile', async () => {
    const world = schedulerWorld()
    const schedule = world.schedule({ misfire: { rule: 'catch-up', window: '1d' } })
    await (await world.start(schedule)).drain('a test')
    const operations = scheduleOperations(world.batch, [schedule], world.clock)
    await operations.pause('hourly', null, 'anna')
    await world.clock.advance(2 * HOUR)
    await operations.resume('hourly', 'anna')
    await using _ = await world.start(schedule)
    expect(await world.ledger()).to.deep.equal(['01:00 PAUSED', '02:00 PAUSED'])
  })

  it('fires nothing while the repository is away, and makes up for it by the misfire rule', async () => {
    let isAway = false
    const world = schedulerWorld({ change: (repository) => withOutage(repository, () => isAway) })
    const schedule = world.schedule({ misfire: { rule: 'fire-once', window: '2d' } })
    await using _ = await world.start(schedule)
    isAway = true
    await world.clock.advance(3 * HOUR)
    expect(await world.ledger()).to.deep.equal([])
    isAway = false
    await world.clock.advance(10_000)
    expect(await idle(world)).to.deep.equal(['01:00 MISSED', '02:00 MISSED', '03:00 FIRED COMPLETED'])
  })

  it('goes on whatever its observer throws', async () => {
    let isAway = false
    const world = schedulerWorld({ change: (repository) => withOutage(repository, () => isAway) })
    const told: string[] = []
    const fails = (event: string) => () => {
      told.push(event)
      throw new Error('as the test says')
    }
    const observer = {
      fired: fails('fired'),
      repositoryLost: fails('repositoryLost'),
      repositoryBack: fails('repositoryBack'),
    }
    const { clock } = world
    await using _ = await createScheduler(world.batch, [world.schedule({ misfire: 'fire-once' })], {
      clock,
      observer,
      everyMilliseconds: 5000,
    })
    isAway = true
    await clock.advance(HOUR)
    isAway = false
    await clock.advance(HOUR)
    expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED', '02:00 FIRED COMPLETED'])
    expect(told).to.include.members(['repositoryLost', 'repositoryBack', 'fired'])
  })

  it('fires its other schedules where one of them meets an error', async () => {
    const world = schedulerWorld({
      change: (repository) => ({
        ...repository,
        schedules: {
          ...repository.schedules,
          listFires: async (filter) => {
            if (filter.schedule === 'broken') throw new Error('as the test says')
            return repository.schedules.listFires(filter)
          },
        },
      }),
    })
    const broken = world.schedule({ name: 'broken', cron: '45 0 15 6 *' })
    await using _ = await world.start(broken, world.schedule())
    await world.clock.advance(HOUR)
    expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED'])
  })

  it('fires later by a jitter that is its own, and names the slot all the same', async () => {
    const world = schedulerWorld()
    await using _ = await world.start(world.schedule({ jitter: '30m' }))
    await world.clock.advance(30 * MINUTE + 10_000)
    expect(await world.ledger()).to.deep.equal([])
    await world.clock.advance(30 * MINUTE)
    expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED'])
  })
})

/** The part of it that a scheduler asks for at each turn. */
function withOutage(repository: JobRepository, isAway: () => boolean): JobRepository {
  const { schedules } = repository
  return {
    ...repository,
    schedules: {
      ...schedules,
      register: async (names, at) => {
        if (isAway()) throw new BatchError('REPOSITORY_UNAVAILABLE', 'as the test says')
        return schedules.register(names, at)
      },
    },
  }
}
