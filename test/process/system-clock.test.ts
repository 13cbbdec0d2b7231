import { setTimeout as wait } from 'node:timers/promises'
import { expect } from 'chai'
import { systemClock } from '../../src/process/system-clock.ts'

describe("The machine's clock", () => {
  it('sleeps for months, which no timer can, and throws the reason when it is woken', async () => {
    const waking = new AbortController()
    const sleeping = systemClock.sleep(90 * 86_400_000, waking.signal)
    const first = await Promise.race([sleeping.then(() => 'slept'), wait(50, 'sleeps')])
    expect(first).to.equal('sleeps')
    const reason = new Error('woken')
    waking.abort(reason)
    expect(await sleeping.catch((thrown: unknown) => thrown)).to.equal(reason)
  })
})
