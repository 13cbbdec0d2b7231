import { expect } from 'chai'
import { fetchPace } from '../../../src/cassandra/scan/fetch-pace.ts'
import { SpanReading } from '../../../src/cassandra/scan/span-reading.ts'
import { memoryCassandra } from '../../../src/testing/index.ts'

describe('SpanReading', () => {
  it('asks again for a page whose fetching ahead has failed, when it is wanted', async () => {
    const store = memoryCassandra({ tables: { t: { columns: { id: 'int' }, partitionKey: ['id'] } } })
    store.insert('t', [{ id: 1 }, { id: 2 }])
    const { signal } = new AbortController()
    const session = await store.client.openSession({ signal })
    const table = await session.describeTable({ name: 't' })
    if ('missing' in table) return expect.fail('the table is missing')
    let asked = 0
    const scope = {
      session: { ...session, select: (select) => ((asked += 1), session.select(select)) },
      table,
      columns: ['id'],
      consistency: 'one',
      pace: fetchPace(10),
      source: { learn: () => {} },
      patience: () => ({ pause: async () => false }),
      signal,
    } satisfies ConstructorParameters<typeof SpanReading>[0]
    const reading = new SpanReading(scope, [{ by: 'token', from: { by: 'token' } }])
    store.disturb({ kind: 'away' })
    await reading.begin().catch(() => {})
    expect((await reading.read())?.rows).to.have.lengthOf(2)
    expect(asked).to.equal(2)

    const unwarned = new SpanReading(scope, [{ by: 'token', from: { by: 'token' } }])
    store.disturb({ kind: 'away' })
    expect(String(await unwarned.read().catch((error: unknown) => error))).to.match(/All host/)
    await session.close()
  })
})
