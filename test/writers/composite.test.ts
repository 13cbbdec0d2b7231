import { expect } from 'chai'
import { resourceKey } from '../../src/core/ports/resource.ts'
import { failedItems, itemsFailed } from '../../src/core/ports/items-failed.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_TRANSACTION_RESOURCES } from '../../src/testing/contracts/scope.ts'
import { compositeWriter } from '../../src/writers/composite.ts'
import { delimitedWriter } from '../../src/writers/delimited.ts'
import { postgresWriter } from '../../src/writers/postgres.ts'
import { inTransaction, rowsOf, type TestSchema, testSchema } from '../postgres/test-schema.ts'
import { ownFolder, type Row, ROWS, rowsIn, toldWriter, writerScope } from './delegating.ts'

const tx = NO_TRANSACTION_RESOURCES

describe('compositeWriter', () => {
  describe('of two files keeps the contract of writers', () => {
    const cases = itemWriterContract({ guarantee: 'transactional', checkpoints: true }, async () => {
      const { path, remove } = await ownFolder()
      const footer = ({ writeCount }: { readonly writeCount: number }) => `# ${writeCount}`
      return {
        writer: compositeWriter<Row>([
          delimitedWriter({ file: path('one.csv'), columns: ['id', 'kind'], footer }),
          delimitedWriter({ file: path('two.csv'), columns: ['id', 'kind'] }),
        ]),
        items: ROWS,
        visible: async () => {
          const [one, two] = await Promise.all([rowsIn(path('one.csv')), rowsIn(path('two.csv'))])
          expect(one).to.deep.equal(two)
          return one
        },
        hiddenUntilComplete: true,
        dispose: remove,
      }
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  describe('of a table and a file keeps the contract of writers', () => {
    let database: TestSchema
    before(async () => {
      database = await testSchema()
    })
    after(() => database.drop())
    const cases = itemWriterContract({ guarantee: 'transactional', checkpoints: true }, async () => {
      const { path, remove } = await ownFolder()
      await database.pool.query('drop table if exists row; create table row (id text primary key, kind text)')
      return {
        writer: compositeWriter<Row>([
          postgresWriter({ table: 'row', columns: ['id', 'kind'] }),
          delimitedWriter({ file: path('rows.csv'), columns: ['id', 'kind'] }),
        ]),
        items: ROWS,
        ordered: false,
        visible: () => rowsOf(database.pool, 'select id, kind from row order by id'),
        transaction: (work) => inTransaction(database.pool, work),
        resources: database.resources,
        dispose: remove,
      }
    })
    for (const { promise, check } of cases) it(promise, check)

    it('is pipelined where it writes tables only', async () => {
      await database.pool.query('drop table if exists row; create table row (id text, kind text)')
      const table = () => postgresWriter<Row>({ table: 'row', columns: ['id', 'kind'] })
      const { path, remove } = await ownFolder()
      const file = delimitedWriter({ file: path('rows.csv'), columns: ['id', 'kind'] })
      const scope = { ...writerScope(), resources: database.resources }
      const tables = await compositeWriter<Row>([table(), table()]).open(scope)
      const mixed = await compositeWriter<Row>([table(), file]).open(scope)
      expect([tables.pipelined, tables.checkpoint, mixed.pipelined]).to.deep.equal([
        true,
        undefined,
        undefined,
      ])
      await Promise.all([tables.close(), mixed.close()])
      await remove()
    })
  })

  it('promises what the weakest writer does, and names them all', () => {
    const [one, two] = [resourceKey<object>('one'), resourceKey<object>('two')]
    const of = (...writers: object[]) => {
      const { guarantee, needs } = compositeWriter(writers.map((more) => toldWriter('w', [], {}, more)))
      return [guarantee, needs?.resource.name, needs?.fallback]
    }
    const needs = (resource: typeof one, fallback: string) => ({ needs: { resource, fallback } })
    expect(of({}, { guarantee: 'idempotent' })).to.deep.equal(['idempotent', undefined, undefined])
    expect(of({ guarantee: 'at-least-once' }, {})).to.deep.equal(['at-least-once', undefined, undefined])
    expect(of(needs(one, 'idempotent'), {})).to.deep.equal(['transactional', 'one', 'idempotent'])
    expect(of(needs(one, 'idempotent'), needs(one, 'at-least-once'))).to.deep.equal([
      'transactional',
      'one',
      'at-least-once',
    ])
    expect(of(needs(one, 'idempotent'), needs(two, 'at-least-once'))[0]).to.equal('at-least-once')
    const description = compositeWriter([toldWriter('a table', []), toldWriter('a file', [])]).description
    expect(description).to.equal('composite of 1: a table; 2: a file')
    expect(() => compositeWriter([])).to.throw('at least one')
  })

  it('leaves nothing open when one cannot be opened', async () => {
    const calls: string[] = []
    const writer = compositeWriter([
      toldWriter('a', calls, { close: async () => Promise.reject(new Error('nor closed')) }),
      toldWriter('b', calls),
      toldWriter('c', calls, { failOpen: true }),
    ])
    const failure = await writer.open(writerScope()).catch((error: Error) => error.message)
    expect(failure).to.equal('c cannot be opened')
    expect(calls).to.deep.equal(['a open', 'b open', 'c open', 'a close', 'b close'])
  })

  it('rolls back and closes all of them, also when one throws', async () => {
    const calls: string[] = []
    const rolledBack = async () => Promise.reject(new Error('not rolled back'))
    const close = async () => Promise.reject(new Error('not closed'))
    const writers = [
      toldWriter('a', calls, { rolledBack, close }),
      toldWriter('b', calls, { rolledBack, close }),
    ]
    const sink = await compositeWriter(writers).open(writerScope())
    await sink.write([1], tx)
    calls.length = 0
    const messageOf = async (work: Promise<void> | undefined) => work?.catch((error: Error) => error.message)
    const failures = [await messageOf(sink.rolledBack?.()), await messageOf(sink.close())]
    expect(failures).to.deep.equal(['not rolled back', 'not closed'])
    expect(calls).to.have.members(['a rolledBack', 'b rolledBack', 'a close', 'b close'])
  })

  it('does not take back a committed chunk when the next one cannot even be encoded', async () => {
    const calls: string[] = []
    const told = toldWriter('a', calls, {
      prepare: ([item]) => {
        if (item === 2) throw new Error('cannot be encoded')
        return async () => {}
      },
      checkpoint: () => 1,
      rolledBack: async () => {},
    })
    const sink = await compositeWriter([told]).open(writerScope())
    await sink.prepare?.([1])(tx)
    sink.checkpoint?.()
    const failing = sink.prepare?.([2])
    expect(await failing?.(tx).catch((error: Error) => error.message)).to.equal('cannot be encoded')
    await sink.rolledBack?.()
    expect(calls).not.to.include('a rolledBack')
  })

  it('publishes in order, and nothing behind the first that fails', async () => {
    const calls: string[] = []
    const complete = async () => Promise.reject(new Error('not published'))
    const sink = await compositeWriter([
      toldWriter('a', calls, { complete: async () => {} }),
      toldWriter('b', calls, { complete }),
      toldWriter('c', calls, { complete: async () => {} }),
    ]).open(writerScope())
    expect(await sink.complete?.({ writeCount: 0 }).catch((error: Error) => error.message)).to.equal(
      'not published',
    )
    expect(calls.filter((call) => call.endsWith('complete'))).to.deep.equal(['a complete', 'b complete'])
  })

  it('refuses the checkpoint of other writers', async () => {
    const calls: string[] = []
    const with_ = (kind: string) =>
      compositeWriter([toldWriter('a', calls, { checkpoint: () => 7 }, { kind })])
    const sink = await with_('one').open(writerScope())
    await sink.write([1], tx)
    const at = sink.checkpoint?.()
    await with_('one').open(writerScope(at))
    expect(calls.at(-1)).to.equal('a open from 7')
    const refusal = await with_('other')
      .open(writerScope(at))
      .catch((error: Error) => error.message)
    expect(refusal).to.include('cannot resume: its writers are 1 (other)')
  })

  it('can be written in parts only where all of them can', async () => {
    const rolledBack = async () => {}
    const calls: string[] = []
    const goBack = async () => void calls.push('back')
    const able = toldWriter('a', [], { rolledBack, savepoint: () => goBack })
    const unable = toldWriter('b', [], { rolledBack })
    const sinkOf = (...writers: (typeof able)[]) => compositeWriter(writers).open(writerScope())
    expect((await sinkOf(able, unable)).savepoint).to.equal(undefined)
    const sink = await sinkOf(able, able, toldWriter('c', []))
    await sink.savepoint?.()()
    expect(calls).to.deep.equal(['back', 'back'])
  })

  it('names failing items only where a rollback takes them back from all writers', async () => {
    const write = async () => Promise.reject(itemsFailed([{ index: 1, error: new Error('bad') }]))
    const failureOf = async (guarantee: 'transactional' | 'idempotent') => {
      const sink = await compositeWriter([
        toldWriter('a', []),
        toldWriter('b', [], { write }, { guarantee }),
      ]).open(writerScope())
      return sink.write([1, 2], tx).catch((error: unknown) => error)
    }
    expect(failedItems(await failureOf('transactional'))).to.have.length(1)
    const whole = await failureOf('idempotent')
    expect(failedItems(whole)).to.equal(undefined)
    expect((whole as Error).message).to.include('writer 2 could not write item 2 of the chunk')
  })
})
