import { expect } from 'chai'
import { z } from 'zod'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { BatchError, isBatchError } from '../../src/core/model/batch-error.ts'
import { failedItems } from '../../src/core/ports/items-failed.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_TRANSACTION_RESOURCES } from '../../src/testing/contracts/scope.ts'
import { runJob } from '../../src/testing/index.ts'
import { cassandraWriter } from '../../src/writers/cassandra.ts'
import { type Strike, type StrikeOptions, strikeTrial } from './strike-trial.ts'

describe('cassandraWriter', () => {
  const { clock, store, emptyStore, strike, writer, open, write, birds } = strikeTrial()

  for (const [what, options] of Object.entries<StrikeOptions>({
    'item by item': {},
    'in batches, one request at a time': { batch: 'partition', concurrency: 1 },
    'with the execution’s timestamps': { timestamp: 'execution' },
  })) {
    describe(what, () => {
      const cases = itemWriterContract({ guarantee: 'idempotent', checkpoints: false }, async () => {
        const own = emptyStore()
        return {
          writer: writer({ ...options, client: own.client }),
          items: Array.from({ length: 6 }, (_, n) => strike(n)),
          ordered: false,
          visible: async () =>
            own.rows('strike').map(({ state, n, bird, cost }) => ({ state, n, bird, cost })),
        }
      })
      for (const { promise, check } of cases) it(promise, check)
    })
  }

  it('says what it guarantees, and what it does', () => {
    const accept = { accept: 'at-least-once' } as const
    const condition = { when: 'not-exists', otherwise: 'keep', ...accept } as const
    const described = [
      writer(),
      writer({ operation: 'delete' }),
      writer({ operation: ({ bird }) => (bird === null ? 'delete' : 'insert') }),
      writer({ condition }),
      cassandraWriter<Strike>({
        client: store().client,
        table: 'tally',
        columns: ['state', 'n'],
        counter: accept,
      }),
    ].map(({ description, guarantee }) => `${description}: ${guarantee}`)
    expect(described).to.deep.equal([
      'insert into cassandra table strike: idempotent',
      'delete from cassandra table strike: idempotent',
      'insert, update or delete in cassandra table strike: idempotent',
      'insert into cassandra table strike (if it does not exist): at-least-once',
      'update in cassandra table tally (counters): at-least-once',
    ])
  })

  it('leaves a column as it is where a value is undefined, and takes it away for null', async () => {
    await write(writer(), [strike(1), strike(2), strike(3)])
    await write(writer(), [
      { state: 's1', n: 1n },
      { state: 's2', n: 2n, bird: null },
    ])
    expect(birds()).to.deep.equal(['bird 1', null, 'bird 3'])
  })

  it('writes items with one key in their order, whatever they do', async () => {
    for (const batch of [undefined, 'partition'] as const) {
      for (const timestamp of [undefined, 'execution'] as const) {
        store().clear()
        const operation = ({ bird }: Strike) =>
          bird === null ? 'delete' : bird === 'new' ? 'update' : 'insert'
        const options = { operation, ...(batch && { batch }), ...(timestamp && { timestamp }) }
        const items = ['z', null, 'y', null, 'new'].map((bird) => strike(1, bird))
        await write(writer(options), [
          ...items,
          strike(2, 'z'),
          strike(2, 'a'),
          strike(3, 'x'),
          strike(3, null),
        ])
        expect(birds(), `${batch} ${timestamp}`).to.deep.equal(['new', 'a'])
      }
    }
  })

  it('gives rows their time to live', async () => {
    await write(writer({ ttl: ({ n }) => (n === 1n ? 10 : undefined) }), [strike(1), strike(2)])
    expect(birds()).to.have.lengthOf(2)
    await clock.advance(11_000)
    expect(birds()).to.deep.equal(['bird 2'])
  })

  it('overwrites nothing that is newer than the item', async () => {
    const at = (n: bigint) => 1_000_000n + n
    await write(writer({ timestamp: ({ n }) => at(n) + 10n }), [strike(1, 'new'), strike(2, 'new')])
    await write(writer({ timestamp: ({ n }) => at(n) }), [strike(1, 'old'), strike(2, 'old')])
    await write(writer({ timestamp: () => new Date(0), operation: 'delete' }), [strike(1)])
    expect(birds()).to.deep.equal(['new', 'new'])
  })

  it('overwrites nothing that a later execution has written, where the execution gives the timestamps', async () => {
    const zombie = await open(writer({ timestamp: 'execution' }))
    for (const begun = Date.now(); Date.now() === begun;);
    await write(writer({ timestamp: 'execution' }), [strike(1, 'restart')])
    await zombie.write([strike(1, 'zombie')], NO_TRANSACTION_RESOURCES)
    await zombie.close()
    expect(birds()).to.deep.equal(['restart'])
  })

  it('names the items that it cannot write, and writes the others', async () => {
    for (const batch of [undefined, 'partition'] as const) {
      store().clear()
      const items = [
        strike(1),
        { state: 'TX', n: 7 as unknown as bigint, cost: '1,50' },
        strike(2),
        { state: null as unknown as string, n: 3n },
        { state: 'TX', n: 2n ** 63n },
        strike(4),
      ]
      const error = await write(writer(batch && { batch }), items)
      expect(
        failedItems(error)?.map(({ index, error: one }) => `${index}: ${(one as Error).message}`),
      ).to.deep.equal([
        "1: item 2 of the chunk cannot be written into column cost: decimal takes text as in '12.50', a number or a bigint, not text of 4 characters",
        '3: item 4 of the chunk cannot be written into column state: its value is null, and a key needs one',
        '4: item 5 of the chunk cannot be written into column n: bigint takes a bigint of 64 bits, a whole number or digits, not a bigint',
      ])
      expect(birds()).to.deep.equal(['bird 1', 'bird 2', 'bird 4'])
    }
  })

  it('names an item whose timestamp is no moment', async () => {
    const changedAt = [new Date(Number.NaN), 5, undefined, new Date(1)]
    const options = { timestamp: ({ n }: Strike) => changedAt[Number(n)] as Date }
    const error = await write(
      writer(options),
      [0, 1, 2, 3].map((n) => strike(n)),
    )
    const failures = failedItems(error) ?? []
    expect(failures.map(({ index }) => index)).to.deep.equal([0, 1, 2])
    for (const failure of failures) {
      expect(isBatchError(failure.error, 'WRITE_FAILED')).to.equal(true)
      expect((failure.error as BatchError).message).to.match(/column timestamp: it is .*neither a valid Date/)
    }
    expect(birds()).to.deep.equal(['bird 3'])
  })

  it('names the one item of a batch that the server refuses', async () => {
    store().disturb({ kind: 'refused', times: 2 })
    const items = [strike(0), strike(3), strike(6)]
    const error = await write(writer({ batch: 'partition' }), items)
    expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0])
    expect(birds()).to.deep.equal(['bird 3', 'bird 6'])
  })

  it('waits where the servers are overloaded or away, and writes everything', async () => {
    for (const kind of ['overloaded', 'unavailable', 'write-timeout', 'away'] as const) {
      store().clear()
      const sink = await open(writer())
      store().disturb({ kind, every: 2, times: 20 })
      await sink.write(
        Array.from({ length: 100 }, (_, n) => strike(n)),
        NO_TRANSACTION_RESOURCES,
      )
      await sink.close()
      expect(birds(), kind).to.have.lengthOf(100)
    }
  })

  it('settles when nothing is under way any more, also when it is told to end', async () => {
    const stop = new AbortController()
    const sink = await open(writer({ concurrency: 4 }), stop.signal)
    store().disturb({ kind: 'overloaded', times: 1_000_000 })
    const writing = sink.write(
      Array.from({ length: 50 }, (_, n) => strike(n)),
      NO_TRANSACTION_RESOURCES,
    )
    setTimeout(() => stop.abort(new Error('enough')), 30)
    const error: unknown = await writing.then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect((error as Error).message).to.equal('enough')
    const { mutations } = store().requests()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(store().requests().mutations).to.equal(mutations)
    await sink.close()
  })

  it('writes static columns without clustering columns', async () => {
    const mayors = cassandraWriter<{ state: string; mayor: string }>({
      client: store().client,
      table: 'strike',
      columns: ['state', 'mayor'],
    })
    await write(mayors, [{ state: 'TX', mayor: 'somebody' }])
    await write(writer(), [strike(1, 'b', 'TX')])
    expect(
      store()
        .rows('strike')
        .map(({ mayor, bird }) => [mayor, bird]),
    ).to.deep.equal([['somebody', 'b']])
  })

  it('says what is wrong with its options, naming column and remedy', async () => {
    const accept = { accept: 'at-least-once' } as const
    const condition = { when: 'not-exists', otherwise: 'keep', ...accept } as const
    const refusals: readonly (readonly [object, RegExp])[] = [
      [{ table: 'strikes' }, /no table test\.strikes\. Did you mean 'strike'\?/],
      [{ columns: ['state', 'n', 'brid'] }, /no column brid\. Did you mean 'bird'\?/],
      [{ columns: ['state', 'bird'] }, /column n is missing: the primary key is \(state, n\)/],
      [{ columns: [] }, /no columns are named/],
      [{ columns: ['n', 'n'] }, /column n is named twice/],
      [{ columns: ['state', 'n'], operation: 'update' }, /an update needs a column besides the key/],
      [{ ttl: -1 }, /ttl is -1; it must be whole seconds/],
      [{ ttl: 1.5 }, /ttl is 1\.5/],
      [{ concurrency: 0 }, /concurrency is 0/],
      [{ consistency: 'local_quorum' }, /consistency is 'local_quorum'\. Did you mean 'local-quorum'\?/],
      [{ consistency: 'serial' }, /consistency is 'serial'\..* There are: any, one/],
      [{ serialConsistency: 'quorum' }, /serialConsistency is 'quorum'.* There are: serial, local-serial/],
      [{ counter: accept }, /its columns are no counters/],
      [{ table: 'tally', columns: ['state', 'strikes'] }, /its columns are counters.*counter: \{ accept/],
      [{ table: 'tally', columns: ['state', 'strikes'], counter: {} }, /may write an item twice/],
      [
        { table: 'tally', columns: ['state', 'strikes'], counter: accept, ttl: 5 },
        /neither ttl nor timestamp/,
      ],
      [{ condition: { ...condition, accept: undefined } }, /condition may write an item twice/],
      [{ condition, timestamp: 'execution' }, /gets its timestamp from Cassandra/],
      [{ condition, batch: 'partition' }, /leave batch out/],
      [{ condition, operation: 'update' }, /'not-exists' is for 'insert'/],
      [{ append: { columns: ['bird'], ...accept } }, /nothing can be appended to column bird, which is text/],
      [{ append: { columns: ['tags'], ...accept } }, /append names column tags, which is not among/],
      [{ append: { columns: ['tags'], ...accept }, operation: 'insert' }, /leave 'operation' out/],
    ]
    for (const [options, message] of refusals) {
      try {
        await (await open(writer(options as StrikeOptions))).close()
      } catch (error) {
        expect(isBatchError(error, 'INVALID_WRITER_OPTIONS'), String(error)).to.equal(true)
        expect((error as Error).message).to.match(message)
        continue
      }
      expect.fail(`it was not refused: ${message}`)
    }
  })

  it('ends a step with the items skipped that it has named', async () => {
    const bad: Strike = { state: '', n: 5n, cost: 'much' }
    const job = defineJob({
      name: 'strikes',
      parameters: z.object({}),
      steps: (step) => ({
        load: step.chunk<Strike, Strike>(
          { size: 4, skip: { on: [BatchError], limit: 5 } },
          { reader: iterableReader([strike(1), bad, strike(2), strike(3), strike(4)]), writer: writer() },
        ),
      }),
    })
    const result = await runJob(job, {})
    expect(result.status).to.equal('COMPLETED')
    expect(birds()).to.deep.equal(['bird 1', 'bird 2', 'bird 3', 'bird 4'])
  })
})
