import { expect } from 'chai'
import { instantText, parseInstant, secondText } from '../../src/cli/instant-text.ts'

describe('An instant on the command line', () => {
  it('is a day of the calendar, or a time with its zone', () => {
    expect(parseInstant('2026-11-21')).to.deep.equal(new Date('2026-11-21T00:00:00Z'))
    expect(parseInstant('2026-11-21T02:00+01:00')).to.deep.equal(new Date('2026-11-21T01:00:00Z'))
    for (const wrong of ['2026-02-30', '2026-11-21T25:00Z', '2026-11-21T02:00', '21 Nov 2026', '5', ''])
      expect(parseInstant(wrong), wrong).to.equal(undefined)
  })

  it('is shown with no more digits than it has, or than are wanted', () => {
    expect(instantText(undefined)).to.equal('')
    expect(instantText(new Date('2026-11-21T02:00:00Z'))).to.equal('2026-11-21T02:00:00Z')
    expect(instantText(new Date('2026-11-21T02:00:00.5Z'))).to.equal('2026-11-21T02:00:00.500Z')
    expect(secondText(new Date('2026-11-21T02:00:00.9Z'))).to.equal('2026-11-21T02:00:00Z')
  })
})
