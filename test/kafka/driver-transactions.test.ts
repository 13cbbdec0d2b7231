import { expect } from 'chai'
import type { Answer, DriverConsumer, DriverError, DriverProducer } from '../../src/kafka/confluent-driver.ts'
import { driverTransactions } from '../../src/kafka/driver-transactions.ts'
import type { KafkaOutput } from '../../src/kafka/kafka-client.ts'
import { KafkaError } from '../../src/kafka/kafka-error.ts'

const NO_CONSUMER = {} as DriverConsumer
const RECORD = { topic: 'trades', key: null, value: Buffer.from('1'), headers: [] }

function transactionsOver(abortTransaction: (answer: Answer) => void) {
  const producer: Pick<DriverProducer, 'beginTransaction' | 'abortTransaction' | 'commitTransaction'> = {
    beginTransaction: (answer) => answer(undefined, undefined),
    commitTransaction: (_timeout, answer) => answer(undefined, undefined),
    abortTransaction: (_timeout, answer) => abortTransaction(answer),
  }
  return driverTransactions({
    producer: producer as DriverProducer,
    consumer: NO_CONSUMER,
    transactionalId: 'one',
    description: 'kafka test',
    signal: new AbortController().signal,
  })
}

const failingWith = (code: number, inBatch = false) => ({
  index: 0,
  error: new KafkaError(`refused with ${code}`, { code }),
  ...(inBatch && { inBatch }),
})

const rejected = (work: Promise<unknown>): Promise<string> => work.then(() => 'it was not', String)

describe('Transactions of the driver', () => {
  it('say what has failed before an abort that was refused, when something more is asked of them', async () => {
    const invalidState = Object.assign(new Error('invalid state'), { code: 48 }) as DriverError
    const transactions = transactionsOver((answer) => answer(invalidState, undefined))
    await transactions.begin()
    await transactions.sending(async () => [failingWith(-192)], [RECORD])
    expect(await rejected(transactions.abort())).to.contain('invalid state')
    expect(await rejected(transactions.begin())).to.match(
      /could not be aborted, behind "refused with -192" .*invalid state.* nothing more can be done/,
    )
  })

  it('send again, in another transaction, what the driver has given up behind one with a refused record', async () => {
    const transactions = transactionsOver((answer) => answer(undefined, undefined))
    const answers = [[failingWith(-152)], []]
    await transactions.begin()
    expect(await transactions.sending(async () => answers.shift() ?? [], [RECORD])).to.deep.equal([])
    expect(answers).to.deep.equal([])
    await transactions.commit([])
  })

  it('commit nothing of a transaction in which it was looked for the refused records', async () => {
    const transactions = transactionsOver((answer) => answer(undefined, undefined))
    await transactions.begin()
    const bad: KafkaOutput = { ...RECORD, key: Buffer.from('bad') }
    const send = async (records: readonly KafkaOutput[]) =>
      records.includes(bad) ? records.map((_, index) => ({ ...failingWith(87, true), index })) : []
    const found = await transactions.sending(send, [RECORD, RECORD, bad])
    expect(found.map(({ index }) => index)).to.deep.equal([2])
    expect(await rejected(transactions.commit([]))).to.contain('were refused')
    await transactions.begin()
  })
})
