/** Which records of a send are acknowledged: the driver reports each of them, some time, in any order. */
import type { DriverError, DriverReport } from './confluent-driver.ts'
import { kafkaError } from './driver-call.ts'
import { type DriverSendFailure, isRefusedWithBatch } from './find-refused.ts'

export interface Delivery {
  /** What the driver is to hand back with the report of this record. */
  readonly ticketOf: (index: number) => number
  /** The record was refused before it was sent, and is not reported. */
  readonly refuse: (index: number, error: Error) => void
  /** Settles when every record was reported or refused. By index. */
  readonly settled: Promise<readonly DriverSendFailure[]>
  /** How many are neither. */
  readonly open: () => number
}

export interface DeliveryReports {
  readonly report: (error: DriverError | null | undefined, report: DriverReport) => void
  /** Reports of an earlier delivery, which nobody waits for any more, are passed over. */
  readonly begin: (records: number) => Delivery
  /** Resolves with the next report. */
  readonly next: () => Promise<void>
}

export function deliveryReports(description: string): DeliveryReports {
  let current:
    | {
        readonly from: number
        readonly until: number
        readonly settle: (index: number, error?: Error, inBatch?: boolean) => void
      }
    | undefined
  let tickets = 0
  let wake: (() => void)[] = []
  return {
    report: (error, { opaque, topic }) => {
      const ticket = opaque as number
      if (wake.length > 0) {
        for (const one of wake) one()
        wake = []
      }
      if (current === undefined || ticket < current.from || ticket >= current.until) return
      if (!error) return current.settle(ticket - current.from)
      const failure = kafkaError(sendingTo(topic, description), error)
      current.settle(ticket - current.from, failure, isRefusedWithBatch(failure.code))
    },
    next: () => new Promise((resolve) => void wake.push(resolve)),
    begin: (records) => {
      const from = tickets
      tickets += records
      const failures: DriverSendFailure[] = []
      let open = records
      let resolve: (failures: readonly DriverSendFailure[]) => void = () => {}
      const settled = new Promise<readonly DriverSendFailure[]>((done) => (resolve = done))
      const settle = (index: number, error?: Error, inBatch = false): void => {
        open -= 1
        if (error !== undefined) failures.push({ index, error, ...(inBatch && { inBatch }) })
        if (open === 0) resolve(failures.toSorted((one, other) => one.index - other.index))
      }
      if (records === 0) resolve([])
      current = { from, until: from + records, settle }
      return { ticketOf: (index) => from + index, refuse: settle, settled, open: () => open }
    },
  }
}

export function sendingTo(topic: string | undefined, description: string): string {
  return topic === undefined ? `${description}: sending` : `${description}: sending to topic ${topic}`
}
