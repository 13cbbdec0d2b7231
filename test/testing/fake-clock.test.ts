import { expect } from 'chai'
import { fakeClock } from '../../src/testing/index.ts'

const { signal } = new AbortController()

describe('A fake clock', () => {
  it('stands still until it is moved', async () => {
    const clock = fakeClock({ now: '2026-02-28T23:59:59Z' })
    const before = clock.monotonic()
    expect(clock.now().toISOString()).to.equal('2026-02-28T23:59:59.000Z')
    await clock.advance(1_000)
    expect(clock.now().toISOString()).to.equal('2026-03-01T00:00:00.000Z')
    expect(clock.monotonic() - before).to.equal(1_000)
  })

  it('wakes sleepers at their time and in their turn, also those who fall asleep meanwhile', async () => {
    const clock = fakeClock()
    const woken: string[] = []
    const sleep = async (name: string, milliseconds: number) => {
      await clock.sleep(milliseconds, signal)
      woken.push(`${name} at ${clock.monotonic()}`)
    }
    const sleepers = [sleep('late', 300), sleep('early', 100).then(() => sleep('again', 100))]
    await clock.advance(250)
    expect(woken).to.deep.equal(['early at 100', 'again at 200'])
    await clock.advance(50)
    await Promise.all(sleepers)
    expect(woken.at(-1)).to.equal('late at 300')
    expect(clock.sleeps).to.deep.equal([300, 100, 100])
  })

  it('lets a test wait for the beginning of a sleep', async () => {
    const clock = fakeClock()
    const waiting = clock.untilSleeping()
    const sleeping = clock.sleep(5_000, signal)
    await waiting
    await clock.advance(5_000)
    await sleeping
  })

  it('rejects a sleep with the reason of its signal, before and during it', async () => {
    const clock = fakeClock()
    const stop = new AbortController()
    const sleeping = clock.sleep(100, stop.signal)
    stop.abort(new Error('stopped'))
    for (const one of [sleeping, clock.sleep(100, stop.signal)])
      expect(await one.catch((error: unknown) => (error as Error).message)).to.equal('stopped')
    await clock.advance(1_000)
  })

  it('moves by itself to the end of each sleep when it is told so', async () => {
    const clock = fakeClock({ autoAdvance: true })
    await Promise.all([clock.sleep(3_600_000, signal), clock.sleep(60_000, signal)])
    expect(clock.monotonic()).to.equal(3_600_000)
  })
})
