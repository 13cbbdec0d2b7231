import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { backfillRange } from '../../src/scheduling/backfill-range.ts'

function refusal(given: { readonly from: string; readonly to: string }): string {
  try {
    backfillRange('Europe/Berlin', given)
  } catch (error) {
    if (isBatchError(error, 'INVALID_CONFIGURATION')) return error.message
    throw error
  }
  return 'none'
}

describe('The range of a backfill', () => {
  it('goes from the beginning of a day to the end of one, by the clock of the zone', () => {
    const { from, until } = backfillRange('Europe/Berlin', { from: '2026-10-25', to: '2026-10-25' })
    expect(from.toISOString()).to.equal('2026-10-24T22:00:00.000Z')
    expect(until.toISOString()).to.equal('2026-10-25T22:59:59.999Z')
  })

  it('begins where the clock goes on, where a change takes midnight away', () => {
    const { from } = backfillRange('Africa/Cairo', { from: '2026-04-24', to: '2026-04-24' })
    expect(from.toISOString()).to.equal('2026-04-23T22:00:00.000Z')
  })

  it('skips a day that a zone never had', () => {
    const { from } = backfillRange('Pacific/Apia', { from: '2011-12-30', to: '2011-12-31' })
    expect(from.toISOString()).to.equal('2011-12-30T10:00:00.000Z')
  })

  it('refuses what is no day, what ends before it begins and years that only a slip of the pen can mean', () => {
    expect(refusal({ from: 'soon', to: '2026-11-21' })).to.match(/^--from is soon; it must be a day/)
    for (const never of ['2026-02-30', '2026-02-30T02:00:00Z'])
      expect(refusal({ from: never, to: '2026-11-21' })).to.match(/^--from is 2026-02-30/)
    expect(refusal({ from: '2026-11-22', to: '2026-11-21' })).to.match(/--from 2026-11-22 is later than/)
    for (const early of ['0009-04-04', '0000-01-01', '1969-12-31', '0026-11-21T02:00:00Z'])
      expect(refusal({ from: early, to: '2026-11-21' })).to.match(/of 1970 or later/)
    expect(refusal({ from: '2026-11-26', to: '0009-04-04' })).to.match(/^--to is 0009-04-04; .*1970 or later/)
  })
})
