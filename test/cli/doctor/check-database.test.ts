import { expect } from 'chai'
import { clockFinding } from '../../../src/cli/doctor/check-database.ts'

describe('doctor on the clock', () => {
  it('bears what people do not notice, and warns of more, in either direction', () => {
    expect(clockFinding(2_000)).to.include({ state: 'ok', text: '2000 ms ahead of this one' })
    expect(clockFinding(-3)).to.include({ state: 'ok', text: '3 ms behind this one' })
    expect(clockFinding(90_000).text).to.match(/is 1 min 30 s ahead of this machine's/)
    expect(clockFinding(-2_001)).to.include({ state: 'warning', exitCode: 0 })
  })
})
