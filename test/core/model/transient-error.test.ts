import { expect } from 'chai'
import { BatchError } from '../../../src/core/model/batch-error.ts'
import { isServerTrouble, isTransactionFault, isTransient } from '../../../src/core/model/transient-error.ts'

const coded = (code: string | number, name = 'Error'): Error =>
  Object.assign(new Error('it failed'), { code, name })

describe('isTransient', () => {
  const transient: Readonly<Record<string, unknown>> = {
    'a serialization failure': coded('40001'),
    'a deadlock': coded('40P01'),
    'a lock not to be had': coded('55P03'),
    'a connection lost': coded('08006'),
    'a server that shuts down': coded('57P01'),
    'too many connections': coded('53300'),
    'a socket that was reset': coded('ECONNRESET'),
    "pg's own words for it": new Error('Connection terminated unexpectedly'),
    "TypeORM's wrapping": Object.assign(new Error('query failed'), { driverError: { code: '40001' } }),
    'a cause': new Error('my writer', { cause: new Error('its part', { cause: coded('40P01') }) }),
    'a repository that was lost': new BatchError('REPOSITORY_UNAVAILABLE', 'lost'),
    'a full queue of Kafka': coded(-184, 'LibrdKafkaError'),
    'a coordinator of Kafka that moves': coded(16, 'LibrdKafkaError'),
    'what Kafka calls retriable': Object.assign(new Error('x'), { isRetriable: true }),
    'an overloaded Cassandra': coded(0x1001, 'ResponseError'),
    'a Cassandra without hosts': Object.assign(new Error('x'), { name: 'NoHostAvailableError' }),
    'several, all of them': new AggregateError([coded('ECONNREFUSED'), coded('ETIMEDOUT')]),
  }
  for (const [what, error] of Object.entries(transient))
    it(`is ${what}`, () => {
      expect(isTransient(error)).to.equal(true)
    })

  const lasting: Readonly<Record<string, unknown>> = {
    'a unique violation': coded('23505'),
    'a statement that took too long': coded('57014'),
    'a dropped database': coded('57P04'),
    'a file that is missing': coded('ENOENT'),
    'what Kafka calls lasting, whatever its code': Object.assign(coded(3, 'KafkaError'), {
      retriable: false,
    }),
    'a fenced producer of Kafka': coded(-144, 'LibrdKafkaError'),
    'a syntax error of Cassandra': coded(0x2000, 'ResponseError'),
    'a number that means something elsewhere': coded(5),
    'several, not all of them': new AggregateError([coded('ECONNREFUSED'), coded('EACCES')]),
    'a text': '40001',
    nothing: undefined,
    'a lost lease': new BatchError('LEASE_LOST', 'taken'),
  }
  for (const [what, error] of Object.entries(lasting))
    it(`is not ${what}`, () => {
      expect(isTransient(error)).to.equal(false)
    })

  it('is more than what is about the transaction, which no item is to blame for', () => {
    for (const code of ['40001', '40P01', '08003', '57P01'])
      expect(isTransactionFault(coded(code))).to.equal(true)
    for (const code of ['ECONNRESET', '55P03', '23505'])
      expect(isTransactionFault(coded(code))).to.equal(false)
  })
})

describe('isServerTrouble', () => {
  it('is what Cassandra’s nodes cannot manage, for which no item is skipped', () => {
    for (const code of [0x1000, 0x1001, 0x1002, 0x1100, 0x1200])
      expect(isServerTrouble(coded(code, 'ResponseError'))).to.equal(true)
    for (const name of ['OperationTimedOutError', 'NoHostAvailableError', 'BusyConnectionError'])
      expect(isServerTrouble(new Error('x', { cause: Object.assign(new Error('y'), { name }) }))).to.equal(
        true,
      )
  })

  it('is not a request that Cassandra refuses', () => {
    for (const code of [0x1500, 0x2000, 0x2200])
      expect(isServerTrouble(coded(code, 'ResponseError'))).to.equal(false)
  })
})
