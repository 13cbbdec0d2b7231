import { expect } from 'chai'
import { untilAborted } from '../../../src/core/model/until-aborted.ts'

describe('untilAborted', () => {
  it('keeps the rejection of a work that nobody waits for from ending the process', async () => {
    const unhandled: unknown[] = []
    const listen = (error: unknown) => void unhandled.push(error)
    process.on('unhandledRejection', listen)
    try {
      const signal = AbortSignal.abort(new Error('the step is to end'))
      const waiting = untilAborted(Promise.reject(new Error('the read was cut')), signal)
      expect(await waiting.catch((error: unknown) => (error as Error).message)).to.equal('the step is to end')
      await new Promise((resolve) => setImmediate(resolve))
      expect(unhandled).to.deep.equal([])
    } finally {
      process.off('unhandledRejection', listen)
    }
  })
})
