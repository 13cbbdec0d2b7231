import { expect } from 'chai'
import { z } from 'zod'
import type { CassandraClient } from '../../src/cassandra/cassandra-client.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { isTransient } from '../../src/core/model/transient-error.ts'
import { failedItems } from '../../src/core/ports/items-failed.ts'
import { iterableReader } from '../../src/readers/iterable.ts'
import { runJob } from '../../src/testing/index.ts'
import { cassandraWriter } from '../../src/writers/cassandra.ts'
import { type Strike, strikeTrial } from './strike-trial.ts'

describe('cassandraWriter', () => {
  const { store, strike, writer, write, birds } = strikeTrial()

  describe('under a condition', () => {
    const condition = { when: 'not-exists', otherwise: 'keep', accept: 'at-least-once' } as const

    it('keeps the row that is there, or fails the item', async () => {
      await write(writer(), [strike(1, 'first')])
      expect(await write(writer({ condition }), [strike(1, 'second'), strike(2)])).to.equal(undefined)
      expect(birds()).to.deep.equal(['first', 'bird 2'])
      const failing = { ...condition, otherwise: 'fail' } as const
      const error = await write(writer({ condition: failing }), [strike(3), strike(1, 'third')])
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([1])
      expect((error as Error).message).to.include('it is there already')
    })

    it('finds out by reading whether a write whose answer was lost is done', async () => {
      const failing = { ...condition, otherwise: 'fail' } as const
      for (const applied of [true, false]) {
        store().clear()
        store().disturb({ kind: 'lwt-timeout', applied })
        expect(await write(writer({ condition: failing }), [strike(1)])).to.equal(undefined)
        expect(birds()).to.deep.equal(['bird 1'])
      }
      await write(writer(), [strike(2, 'another')])
      store().disturb({ kind: 'lwt-timeout', applied: false })
      const error = await write(writer({ condition: failing }), [strike(2)])
      expect(failedItems(error)).to.have.lengthOf(1)
      expect(birds()).to.deep.equal(['bird 1', 'another'])
    })

    it('updates and deletes what is there only', async () => {
      const exists = { ...condition, when: 'exists' } as const
      await write(writer(), [strike(1)])
      await write(writer({ operation: 'update', condition: exists }), [strike(1, 'new'), strike(2, 'none')])
      expect(birds()).to.deep.equal(['new'])
      store().disturb({ kind: 'lwt-timeout', applied: true })
      await write(writer({ operation: 'delete', condition: exists }), [strike(1)])
      expect(birds()).to.deep.equal([])
    })
  })

  describe('of counters', () => {
    const tally = (options: { readonly concurrency?: number; readonly client?: CassandraClient } = {}) =>
      cassandraWriter<Strike>({
        client: store().client,
        ...options,
        table: 'tally',
        columns: { state: 'state', strikes: 'n' },
        counter: { accept: 'at-least-once' },
      })

    it('adds', async () => {
      await write(tally(), [strike(1, '', 'TX'), strike(2, '', 'TX')], [strike(4, '', 'TX')])
      expect(store().rows('tally')).to.deep.equal([{ state: 'TX', strikes: 7n }])
    })

    it('never adds again by itself where nobody knows whether it has', async () => {
      store().disturb({ kind: 'write-timeout', applied: true })
      const error = await write(tally(), [strike(5, '', 'TX')])
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0])
      expect(store().rows('tally')).to.deep.equal([{ state: 'TX', strikes: 5n }])
      store().disturb({ kind: 'unavailable' })
      expect(await write(tally(), [strike(2, '', 'TX')])).to.equal(undefined)
      expect(store().rows('tally')).to.deep.equal([{ state: 'TX', strikes: 7n }])
    })

    it('sends nothing more of a chunk once the servers have not answered in the time that is waited', async () => {
      store().disturb({ kind: 'write-timeout', applied: false })
      const error = await write(
        tally({ concurrency: 1 }),
        [1, 2, 3, 1, 2].map((n) => strike(n)),
      )
      expect(failedItems(error)?.map(({ index }) => index)).to.deep.equal([0, 1, 2, 3, 4])
      expect(store().rows('tally')).to.deep.equal([])
    })

    it('says in a line which host answered what', async () => {
      const hosts = { '10.0.0.1:9042': new Error('too few replicas'), '10.0.0.2:9042': new Error('away') }
      const error = Object.assign(new Error('All host(s) tried.\n    at FrameReader.readError'), {
        name: 'NoHostAvailableError',
        innerErrors: hosts,
      })
      const client: CassandraClient = {
        ...store().client,
        openSession: async (options) => ({
          ...(await store().client.openSession(options)),
          mutate: () => Promise.reject(error),
        }),
      }
      const [failure] = failedItems(await write(tally({ client }), [strike(1)])) ?? []
      expect(String(failure?.error)).to.equal(
        'BatchError: 10.0.0.1:9042: too few replicas; 10.0.0.2:9042: away',
      )
      expect(isTransient(failure?.error)).to.equal(true)
    })

    it('skips no item because of the servers', async () => {
      store().disturb({ kind: 'write-timeout', applied: false })
      const job = defineJob({
        name: 'tally',
        parameters: z.object({}),
        steps: (step) => ({
          add: step.chunk<Strike, Strike>(
            { size: 4, retry: false, skip: { on: Error, limit: 5 } },
            { reader: iterableReader([strike(1), strike(2)]), writer: tally() },
          ),
        }),
      })
      const result = await runJob(job, {})
      expect(result.status).to.equal('FAILED')
      expect(result.step('add').writeSkipCount).to.equal(0)
    })
  })

  it('appends to lists where that is accepted', async () => {
    const append = { columns: ['tags'], accept: 'at-least-once' } as const
    const tagged = cassandraWriter<{ state: string; n: bigint; tags: readonly string[] }>({
      client: store().client,
      table: 'strike',
      columns: ['state', 'n', 'tags'],
      append,
    })
    const row = { state: 'TX', n: 1n }
    await write(tagged, [
      { ...row, tags: ['a'] },
      { ...row, tags: ['b'] },
    ])
    expect(
      store()
        .rows('strike')
        .map(({ tags }) => tags),
    ).to.deep.equal([['a', 'b']])
  })
})
