import { expect } from 'chai'
import type { DriverError } from '../../src/kafka/confluent-driver.ts'
import { deliveryReports } from '../../src/kafka/delivery-reports.ts'
import { KafkaError } from '../../src/kafka/kafka-error.ts'

const failed = (code: number): DriverError => Object.assign(new Error('it failed'), { code })

describe('deliveryReports', () => {
  it('settle when every record was reported or refused, in any order', async () => {
    const reports = deliveryReports('kafka test')
    const { ticketOf, refuse, settled, open } = reports.begin(4)
    let isSettled = false
    void settled.then(() => (isSettled = true))
    reports.report(failed(7), { opaque: ticketOf(3) })
    refuse(1, new Error('refused'))
    reports.report(null, { opaque: ticketOf(0) })
    await Promise.resolve()
    expect({ isSettled, open: open() }).to.deep.equal({ isSettled: false, open: 1 })
    reports.report(null, { opaque: ticketOf(2) })
    const failures = await settled
    expect(failures.map(({ index }) => index)).to.deep.equal([1, 3])
    expect(failures[1]?.error).to.be.instanceOf(KafkaError).and.include({ code: 7, retriable: true })
  })

  it('pass over late reports of an earlier delivery', async () => {
    const reports = deliveryReports('kafka test')
    const abandoned = reports.begin(2)
    const { ticketOf, settled } = reports.begin(1)
    reports.report(failed(7), { opaque: abandoned.ticketOf(0) })
    reports.report(null, { opaque: ticketOf(0) })
    expect(await settled).to.deep.equal([])
  })

  it('settle at once for no records', async () => {
    expect(await deliveryReports('kafka test').begin(0).settled).to.deep.equal([])
  })

  it('wake who waits for the next report', async () => {
    const reports = deliveryReports('kafka test')
    const { ticketOf } = reports.begin(1)
    const next = reports.next()
    reports.report(null, { opaque: ticketOf(0) })
    await next
  })
})
