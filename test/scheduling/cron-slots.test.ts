import { mock } from 'node:test'
import { expect } from 'chai'
import { createTask } from 'node-cron'
import { cronSlots } from '../../src/scheduling/cron-slots.ts'

const NEW_YORK = 'America/New_York'

function slots(cron: string, timezone: string, after: string, count: number): readonly string[] {
  return cronSlots(cron, timezone)
    .next(new Date(after), count)
    .map((slot) => slot.toISOString().replace(':00.000Z', 'Z'))
}

describe('The slots of a cron expression', () => {
  it('are read by the clock of the zone', () => {
    expect(slots('30 2 * * *', 'UTC', '2026-01-01T02:30:00Z', 2)).to.deep.equal([
      '2026-01-02T02:30Z',
      '2026-01-03T02:30Z',
    ])
    expect(slots('30 2 * * *', 'Asia/Kathmandu', '2026-01-01T00:00:00Z', 1)).to.deep.equal([
      '2026-01-01T20:45Z',
    ])
  })

  it('are each there once, however often the expression names them', () => {
    expect(slots('30,30 9,9-10 * * *', 'UTC', '2026-01-01T00:00:00Z', 3)).to.deep.equal([
      '2026-01-01T09:30Z',
      '2026-01-01T10:30Z',
      '2026-01-02T09:30Z',
    ])
  })

  it('are not there in the hour that spring takes away', () => {
    expect(slots('30 2 * * *', NEW_YORK, '2026-03-07T00:00:00Z', 3)).to.deep.equal([
      '2026-03-07T07:30Z',
      '2026-03-09T06:30Z',
      '2026-03-10T06:30Z',
    ])
    expect(slots('30 * * * *', NEW_YORK, '2026-03-08T06:00:00Z', 2)).to.deep.equal([
      '2026-03-08T06:30Z',
      '2026-03-08T07:30Z',
    ])
  })

  it('are the first of two in the hour that autumn repeats, in the west and in the east', () => {
    expect(slots('30 1 * * *', NEW_YORK, '2026-11-01T00:00:00Z', 2)).to.deep.equal([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ])
    expect(slots('0 * * * *', NEW_YORK, '2026-11-01T04:30:00Z', 2)).to.deep.equal([
      '2026-11-01T05:00Z',
      '2026-11-01T07:00Z',
    ])
    expect(slots('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2)).to.deep.equal([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ])
  })

  it('are the same from wherever in a repeated hour they are asked for', () => {
    for (const from of ['2026-11-01T05:10:00Z', '2026-11-01T05:59:59Z', '2026-11-01T06:20:00Z'])
      expect(slots('0 * * * *', NEW_YORK, from, 1)).to.deep.equal(['2026-11-01T07:00Z'])
    expect(slots('*/30 * * * *', 'Europe/Berlin', '2026-10-25T00:10:00Z', 2)).to.deep.equal([
      '2026-10-25T00:30Z',
      '2026-10-25T02:00Z',
    ])
  })

  it('are those that node-cron fires, year in, year out', () => {
    for (const cron of ['15 3 * * 1-5', '0 0 L * *', '*/20 1,2 8-14 3,11 *', '0 12 1W * *', '0 6 29 2 *']) {
      const from = new Date('2026-01-31T12:00:00Z')
      mock.timers.enable({ apis: ['Date'], now: from })
      const task = createTask(cron, () => undefined, { timezone: NEW_YORK })
      const theirs = task.getNextRuns(40).map((slot) => slot.toISOString())
      void task.destroy()
      mock.timers.reset()
      const ours = cronSlots(cron, NEW_YORK).next(from, 40)
      expect(
        ours.map((slot) => slot.toISOString()),
        cron,
      ).to.deep.equal(theirs)
    }
  })

  it('go by seconds where the expression does', () => {
    const { between, isSlot } = cronSlots('*/20 * * * * *', 'UTC')
    const found = [...between(new Date('2026-01-01T00:00:00Z'), new Date('2026-01-01T00:01:00Z'))]
    expect(found.map((slot) => slot.toISOString().slice(17, 19))).to.deep.equal(['20', '40', '00'])
    expect(isSlot(new Date('2026-01-01T00:00:40Z'))).to.equal(true)
    expect(isSlot(new Date('2026-01-01T00:00:41Z'))).to.equal(false)
  })

  it('are found at once, however rare they are', () => {
    const before = performance.now()
    expect(cronSlots('0 0 29 2 *', 'UTC').next(new Date('2026-01-01T00:00:00Z'), 500).length).to.equal(500)
    expect(performance.now() - before).to.be.lessThan(5_000) // where node-cron is asked for each day, twenty seconds
  })

  it('end with the year 9999', () => {
    expect(slots('0 0 29 2 *', 'UTC', '9990-01-01T00:00:00Z', 99_999)).to.deep.equal([
      '9992-02-29T00:00Z',
      '9996-02-29T00:00Z',
    ])
    const { between } = cronSlots('0 0 1 1 *', 'UTC')
    expect(
      [...between(new Date('9997-06-01T00:00:00Z'), new Date('+010100-01-01T00:00:00Z'))].length,
    ).to.equal(2)
  })

  it('end where there will never be one', () => {
    const { after } = cronSlots('0 0 L 2 1#1', 'UTC')
    expect([...after(new Date())].length).to.equal(0)
  })
})
