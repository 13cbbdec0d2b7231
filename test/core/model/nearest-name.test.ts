import { expect } from 'chai'
import { didYouMeanOr, nearestName } from '../../../src/core/model/nearest-name.ts'

describe('The nearest name', () => {
  it('differs by case and signs only, or by edits to at most every third letter', () => {
    const known = ['Cost Total $', 'Flight Date', 'Speed']
    expect(nearestName('cost_total', known)).to.equal('Cost Total $')
    expect(nearestName('flightDates', known)).to.equal('Flight Date')
    expect(nearestName('wildlife', known)).to.equal(undefined)
  })

  it('is found for short names too, without taking any other short name for it', () => {
    expect(nearestName('jbos', ['repository', 'jobs'])).to.equal('jobs')
    expect(nearestName('too', ['from', 'to'])).to.equal('to')
    expect(nearestName('id', ['at', 'no'])).to.equal(undefined)
  })

  it('is the nearest of several, and the first of equals', () => {
    expect(nearestName('trade', ['trades_old', 'trades', 'tirade'])).to.equal('trades')
  })

  it('is asked for in a sentence, which says something else where there is none', () => {
    expect(didYouMeanOr('jbos', ['jobs'], 'There are jobs.')).to.equal('Did you mean jobs?')
    expect(didYouMeanOr('trades', ['jobs'], 'There are jobs.')).to.equal('There are jobs.')
  })

  it('is nobody for a name without letters and digits, or where nothing is known', () => {
    expect(nearestName('$', ['%'])).to.equal(undefined)
    expect(nearestName('trade', [])).to.equal(undefined)
  })
})
