import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { scheduleOperations } from '../../src/scheduling/schedule-operations.ts'
import { idle, schedulerWorld, type World } from './scheduler-world.ts'

describe('A backfill', () => {
  const backfill = {
    from: new Date('2032-06-14T01:00:00Z'),
    until: new Date('2032-06-14T03:00:00Z'),
    reprocess: 'missing',
  } as const

  it('fires what nothing was launched for', async () => {
    const world = schedulerWorld()
    const schedule = world.schedule({ cron: '0 * 14 6 *' })
    const operations = scheduleOperations(world.batch, [schedule], world.clock)
    await world.repository.schedules.record([new Date('2032-06-14T01:00:00Z')], {
      schedule: 'hourly',
      outcome: 'MISSED',
      by: 'a test',
      detail: 'nobody was there',
    })
    const plan = await operations.planBackfill('hourly', backfill)
    expect(plan.map(({ fire }) => fire?.outcome)).to.deep.equal(['MISSED', undefined, undefined])
    for (const slot of plan) {
      const fired = await operations.fireBackfill('hourly', slot, backfill, { by: 'anna' })
      expect(fired.outcome).to.equal('FIRED')
      await idle(world)
    }
    expect(await operations.planBackfill('hourly', backfill)).to.deep.equal([])
    expect(await world.ledger()).to.deep.equal([
      '01:00 FIRED COMPLETED',
      '02:00 FIRED COMPLETED',
      '03:00 FIRED COMPLETED',
    ])
  })

  it('leaves what is due later to its time, and is refused where it is so long that it must be a mistake', async () => {
    const world = schedulerWorld()
    const schedules = [world.schedule(), world.schedule({ name: 'busy', cron: '* * * * * *' })]
    const operations = scheduleOperations(world.batch, schedules, world.clock)
    const late = { ...backfill, until: new Date('9999-12-31T00:00:00Z') }
    const plan = await operations.planBackfill('hourly', late)
    expect(plan.at(-1)?.slot).to.deep.equal(new Date('2032-06-15T00:00:00Z'))
    const early = { ...backfill, from: new Date('1970-01-01T00:00:00Z') }
    const refused = await operations.planBackfill('busy', early).catch((thrown: unknown) => thrown)
    expect(isBatchError(refused, 'INVALID_CONFIGURATION') && refused.message).to.contain(
      'more than 100000 slots',
    )
  })

  describe('that is left to the schedulers', () => {
    async function queued(options: Parameters<World['schedule']>[0], maxActive?: number) {
      const world = schedulerWorld()
      const schedule = world.schedule({ cron: '0 * 16 6 *', ...options })
      const operations = scheduleOperations(world.batch, [schedule], world.clock)
      const past = {
        from: new Date('2031-06-16T01:00:00Z'),
        until: new Date('2031-06-16T04:00:00Z'),
        reprocess: 'missing',
        ...(maxActive !== undefined && { maxActive }),
      } as const
      const slots = await operations.queueBackfill('hourly', past, 'anna')
      expect(slots).to.have.lengthOf(4)
      return { world, schedule, operations }
    }
    const outcomes = async (world: World) => (await world.ledger()).map((line) => line.split(' ')[1])

    it('goes slot by slot, oldest first, also where overlaps are allowed', async () => {
      for (const overlap of ['skip', 'allow', 'stop-previous'] as const) {
        const { world, schedule } = await queued({ overlap })
        world.hold()
        await using _ = await world.start(schedule)
        await world.clock.advance(15_000)
        expect(await outcomes(world), overlap).to.deep.equal(['FIRED', 'QUEUED', 'QUEUED', 'QUEUED'])
        world.release()
        for (let turn = 0; turn < 5; turn += 1) {
          await idle(world)
          await world.clock.advance(5000)
        }
        expect(await idle(world), overlap).to.deep.equal(
          ['01', '02', '03', '04'].map((hour) => `${hour}:00 FIRED COMPLETED`),
        )
      }
    })

    it('has as many runs under way as it was told, and waits for a pause', async () => {
      const { world, schedule, operations } = await queued({}, 3)
      await operations.pause('hourly', null, 'anna')
      world.hold()
      await using _ = await world.start(schedule)
      await world.clock.advance(15_000)
      expect(await outcomes(world)).to.deep.equal(['QUEUED', 'QUEUED', 'QUEUED', 'QUEUED'])
      await operations.resume('hourly', 'anna')
      await world.clock.advance(15_000)
      expect(await outcomes(world)).to.deep.equal(['FIRED', 'FIRED', 'FIRED', 'QUEUED'])
      world.release()
    })

    it('fires nothing more when it is cancelled, and can be asked for again', async () => {
      const { world, schedule, operations } = await queued({})
      world.hold()
      await using _ = await world.start(schedule)
      await world.clock.advance(15_000)
      const cancelled = await operations.cancelBackfill('hourly', 'ben')
      expect(cancelled.map((slot) => slot.getUTCHours())).to.deep.equal([2, 3, 4])
      world.release()
      await idle(world)
      await world.clock.advance(15_000)
      expect(await outcomes(world)).to.deep.equal(['FIRED', 'SKIPPED', 'SKIPPED', 'SKIPPED'])
      const past = { from: cancelled[0] ?? new Date(0), until: new Date('2031-06-16T04:00:00Z') }
      const again = await operations.planBackfill('hourly', { ...past, reprocess: 'missing' })
      expect(again.map(({ fire }) => fire?.firedBy)).to.deep.equal(['ben', 'ben', 'ben'])
    })
  })

  it('restarts what has failed, and leaves what has not alone', async () => {
    const world = schedulerWorld()
    const schedule = world.schedule({ cron: '0 * 14 6 *' })
    const operations = scheduleOperations(world.batch, [schedule], world.clock)
    world.hold()
    const [slot] = await operations.planBackfill('hourly', backfill)
    const fired = await operations.fireBackfill(
      'hourly',
      slot ?? { slot: new Date(0), fire: undefined },
      backfill,
      {},
    )
    if (fired.outcome !== 'FIRED') throw new Error(fired.outcome)
    const second = { slot: new Date('2032-06-14T02:00:00Z'), fire: undefined }
    const busy = await operations.fireBackfill('hourly', second, backfill, {})
    expect(busy).to.have.property('outcome', 'left')
    expect(busy).to.have.property('reason').that.contains('execution 1 of the job is')
    fired.started.stop('a test')
    await fired.started.ended
    world.release()
    const failed = { ...backfill, reprocess: 'failed' } as const
    const plan = await operations.planBackfill('hourly', failed)
    expect(plan.map(({ fire }) => fire?.latest?.status)).to.deep.equal(['STOPPED'])
    for (const one of plan) await operations.fireBackfill('hourly', one, failed, {})
    expect(await idle(world)).to.deep.equal(['01:00 FIRED COMPLETED'])
    expect(await operations.planBackfill('hourly', failed)).to.deep.equal([])
  })
})
