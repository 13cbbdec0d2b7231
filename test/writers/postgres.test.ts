import { expect } from 'chai'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { Guarantee, ItemSink, ItemWriter } from '../../src/core/ports/item-writer.ts'
import type { Resources } from '../../src/core/ports/resource.ts'
import { PG_CLIENT } from '../../src/postgres/resources.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { NO_RESOURCES, NO_TRANSACTION_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { postgresWriter, type PostgresWriterOptions } from '../../src/writers/postgres.ts'
import {
  inTransaction,
  lending,
  rowsOf,
  type TestSchema,
  testSchema,
  withClient,
} from '../postgres/test-schema.ts'

interface Trade {
  readonly id: number
  readonly isin: string
  readonly quantity: bigint | null
}

const trades: readonly Trade[] = Array.from({ length: 8 }, (_, id) => ({
  id,
  isin: `DE\t${id}\n\\N`,
  quantity: id === 3 ? null : 9007199254740993n + BigInt(id),
}))

describe('postgresWriter', () => {
  let database: TestSchema

  before(async () => {
    database = await testSchema({ pipeline: true })
  })
  beforeEach(() =>
    database.pool.query(`
      drop table if exists trade, loose;
      create table trade (id int primary key, isin text not null, quantity int8 check (quantity > 0), twice int8 generated always as (quantity * 2) stored, noted text default 'new');
      create table loose (id int, isin text)`),
  )
  after(() => database.drop())

  const open = <T>(writer: ItemWriter<T>, resources: Resources = database.resources): Promise<ItemSink<T>> =>
    writer.open({
      from: undefined,
      jobName: 'contract',
      jobExecutionId: '1',
      stepName: 'load',
      stepExecutionId: '1',
      signal: new AbortController().signal,
      logger: SILENT_LOGGER,
      resources,
    })
  const writeOne = async <T>(writer: ItemWriter<T>, items: readonly T[]): Promise<void> => {
    const sink = await open(writer)
    try {
      await inTransaction(database.pool, (transaction) => sink.write(items, transaction))
    } finally {
      await sink.close()
    }
  }
  const visible = (): Promise<readonly unknown[]> =>
    rowsOf(database.pool, 'select id, isin, quantity::text from trade order by id')
  const shown = (trade: Trade): unknown => ({
    ...trade,
    quantity: trade.quantity === null ? null : String(trade.quantity),
  })

  const contracts = (writer: () => ItemWriter<Trade>, guarantee: Guarantee): void => {
    const subject = async () => {
      await database.pool.query('truncate trade')
      return {
        writer: writer(),
        items: trades,
        visible,
        shown,
        resources: database.resources,
        ...(guarantee === 'transactional' && {
          transaction: inTransaction.bind(undefined, database.pool) as never,
        }),
      }
    }
    for (const { promise, check } of itemWriterContract({ guarantee, checkpoints: false }, subject))
      it(promise, check)
  }

  describe('by COPY', () => {
    contracts(
      () => postgresWriter<Trade>({ table: 'trade', columns: ['id', 'isin', 'quantity'] }),
      'transactional',
    )
  })
  describe('by INSERT … ON CONFLICT', () => {
    contracts(
      () =>
        postgresWriter<Trade>({
          table: 'trade',
          columns: ['id', 'isin', 'quantity'],
          onConflict: { keys: ['id'], update: 'all' },
        }),
      'transactional',
    )
  })
  describe('on a connection of its own', () => {
    contracts(
      () =>
        postgresWriter<Trade>({
          table: 'trade',
          columns: ['id', 'isin', 'quantity'],
          onConflict: 'nothing',
          connection: database.config,
        }),
      'idempotent',
    )
  })

  it('maps columns to keys and functions, and leaves the others to their defaults', async () => {
    const writer = postgresWriter<Trade>({
      table: { schema: database.schema, name: 'trade' },
      columns: { id: 'id', isin: (trade) => `isin ${trade.id}` },
    })
    await writeOne(writer, trades.slice(0, 1))
    const rows = await rowsOf(database.pool, 'select * from trade')
    expect(rows).to.deep.equal([{ id: 0, isin: 'isin 0', quantity: null, twice: null, noted: 'new' }])
    expect(writer.description).to.equal(`copy into table ${database.schema}.trade`)
  })

  it('says its guarantee', () => {
    const columns = ['id'] as const
    const copying = postgresWriter<Trade>({ table: 'trade', columns })
    expect(copying.guarantee).to.equal('transactional')
    expect(copying.needs).to.deep.equal({ resource: PG_CLIENT, fallback: 'at-least-once' })
    const onConflict = { keys: ['id'], update: 'all' } as const
    expect(postgresWriter<Trade>({ table: 'trade', columns, onConflict }).needs?.fallback).to.equal(
      'idempotent',
    )
    expect(postgresWriter<Trade>({ table: 'trade', columns, connection: 'postgres://x' })).to.include({
      guarantee: 'at-least-once',
    })
  })

  describe('refuses', () => {
    const refused = async (what: () => unknown, message: RegExp): Promise<void> => {
      try {
        await what()
      } catch (error) {
        if (!isBatchError(error, 'INVALID_WRITER_OPTIONS')) throw error
        expect(error.message).to.match(message)
        return
      }
      expect.fail('it was not refused')
    }
    const opening = (options: PostgresWriterOptions<Trade>, message: RegExp): Promise<void> =>
      refused(() => open(postgresWriter(options)), message)

    it('a table that does not exist, with a suggestion', () =>
      opening(
        { table: 'trades', columns: ['id'] },
        /no table trades on the search path .* Did you mean 'trade'\?/,
      ))
    it('a column that does not exist, with a suggestion', () =>
      opening(
        { table: 'trade', columns: { quantitty: 'quantity' } },
        /no column quantitty. Did you mean 'quantity'\? It has: id, isin/,
      ))
    it('a column that Postgres computes', () =>
      opening({ table: 'trade', columns: { twice: 'quantity' } }, /column twice is computed/))
    it('keys without a unique index', () =>
      opening(
        { table: 'trade', columns: ['id', 'isin'], onConflict: { keys: ['isin'], update: 'all' } },
        /\(isin\) is not what a unique index .* \(id\)/,
      ))
    it('to ignore conflicts where there can be none', () =>
      opening({ table: 'loose', columns: ['id'], onConflict: 'nothing' }, /has none/))
    it('keys that are not written', () =>
      refused(
        () =>
          postgresWriter<Trade>({
            table: 'trade',
            columns: ['id'],
            onConflict: { keys: ['idd'], update: 'all' },
          }),
        /column idd, .* Did you mean 'id'/,
      ))
    it('columns that are empty or named twice', async () => {
      await refused(() => postgresWriter<Trade>({ table: 'trade', columns: [] }), /no columns/)
      await refused(() => postgresWriter<Trade>({ table: 'trade', columns: ['id', 'id'] }), /named twice/)
    })
    it('a name of three parts', () =>
      refused(() => postgresWriter<Trade>({ table: 'a.b.c', columns: ['id'] }), /\{ schema, name \}/))
    it('to be opened on a repository that has no Postgres', () =>
      refused(
        () => open(postgresWriter<Trade>({ table: 'trade', columns: ['id'] }), NO_RESOURCES),
        /option 'connection'/,
      ))
  })

  describe('names what Postgres refused', () => {
    const refusal = async (
      items: readonly unknown[],
      options: object = {},
    ): Promise<Record<string, unknown>> => {
      try {
        await writeOne(
          postgresWriter<Trade>({ table: 'trade', columns: ['id', 'isin', 'quantity'], ...options }),
          items as readonly Trade[],
        )
      } catch (error) {
        if (!isBatchError(error, 'WRITE_FAILED')) throw error
        return { message: error.message, ...error.details }
      }
      return expect.fail('it was not refused')
    }
    const good = trades.slice(0, 2)

    it('by item and column for a bad value', async () => {
      const { message, ...details } = await refusal([...good, { id: 7, isin: 'x', quantity: 'abc' }])
      expect(message).to.match(
        /^table trade, column quantity refused item 3 of the chunk: invalid input syntax/,
      )
      expect(details).to.deep.equal({ table: 'trade', sqlState: '22P02', itemIndex: 2, column: 'quantity' })
    })
    it('by item and key for a row that is there already', async () => {
      expect(await refusal([...good, trades[0]])).to.deep.include({
        itemIndex: 2,
        constraint: 'trade_pkey',
        message:
          'table trade refused item 3 of the chunk: duplicate key value violates unique constraint "trade_pkey" (Key (id)=(0) already exists.)',
      })
    })
    it('by item for a null and for a check', async () => {
      expect(await refusal([...good, { id: 7 }])).to.deep.include({
        itemIndex: 2,
        column: 'isin',
        sqlState: '23502',
      })
      expect(await refusal([{ id: 7, isin: 'x', quantity: -1 }])).to.deep.include({
        itemIndex: 0,
        sqlState: '23514',
      })
    })
    it('by item for a value that cannot be sent, before anything is sent', async () => {
      const sink = await open(postgresWriter<Trade>({ table: 'trade', columns: ['id', 'isin'] }))
      const nothing = lending(PG_CLIENT.id, { query: () => expect.fail('something was sent') })
      expect(() => void sink.write([...good, { id: 1, isin: 'a\0', quantity: null }], nothing)).to.throw(
        'item 3',
      )
      await sink.close()
    })
    it('without an item where INSERT does not tell it', async () => {
      const onConflict = { keys: ['id'], update: 'all' }
      const { message, itemIndex } = await refusal([...good, { id: 7, isin: 'x', quantity: -1 }], {
        onConflict,
      })
      expect(itemIndex).to.equal(undefined)
      expect(message).to.match(/refused the chunk: .*trade_quantity_check/)
    })
    it('and leaves what is not about the items as it came', async () => {
      const sink = await open(postgresWriter<Trade>({ table: 'trade', columns: ['id', 'isin'] }))
      await withClient(database.pool, async (client) => {
        await client.query('begin')
        await client.query('select 1 / 0').catch(() => {})
        const error: unknown = await sink
          .write(good, lending(PG_CLIENT.id, client))
          .catch((reason: unknown) => reason)
        expect(error).to.have.property('code', '25P02')
        await client.query('rollback')
      })
      await sink.close()
    })
  })

  it('needs the transaction to have a client when it has no connection of its own', async () => {
    const sink = await open(postgresWriter<Trade>({ table: 'trade', columns: ['id', 'isin'] }))
    expect(() => void sink.write(trades, NO_TRANSACTION_RESOURCES)).to.throw('pg client')
    await sink.close()
  })

  it('puts everything on the connection before it returns', async () => {
    const sink = await open(
      postgresWriter<Trade>({
        table: 'trade',
        columns: ['id', 'isin'],
        onConflict: { keys: ['id'], update: 'all' },
      }),
    )
    await withClient(database.pool, async (client) => {
      expect(sink.pipelined).to.equal(true)
      const answers = await Promise.all([
        client.query('begin'),
        sink.write([...trades, ...trades], lending(PG_CLIENT.id, client)),
        client.query('commit'),
      ])
      expect(answers[2]).to.have.property('command', 'COMMIT')
    })
    expect(await rowsOf(database.pool, 'select count(*)::int as n from trade')).to.deep.equal([{ n: 8 }])
    await sink.close()
  })

  describe('upserts as if the items were written one after the other', () => {
    const upsert = (update: readonly string[] | 'all'): ItemWriter<Trade> =>
      postgresWriter<Trade>({
        table: 'trade',
        columns: ['id', 'isin', 'quantity'],
        onConflict: { keys: ['id'], update },
      })
    const versions: readonly Trade[] = [
      { id: 1, isin: 'first', quantity: 1n },
      { id: 2, isin: 'other', quantity: 5n },
      { id: 1, isin: 'second', quantity: 2n },
      { id: 1, isin: 'third', quantity: 3n },
    ]

    it('the last of a key wins', async () => {
      await writeOne(upsert('all'), versions)
      expect(await visible()).to.deep.equal([
        { id: 1, isin: 'third', quantity: '3' },
        { id: 2, isin: 'other', quantity: '5' },
      ])
    })
    it('columns that are not updated keep the first', async () => {
      await writeOne(upsert(['isin']), versions)
      expect(await visible()).to.deep.equal([
        { id: 1, isin: 'third', quantity: '1' },
        { id: 2, isin: 'other', quantity: '5' },
      ])
    })
    it('nothing is updated when no column is named', async () => {
      await writeOne(upsert([]), versions)
      expect(await visible()).to.deep.equal([
        { id: 1, isin: 'first', quantity: '1' },
        { id: 2, isin: 'other', quantity: '5' },
      ])
    })
  })

  it('writes every kind of column by both ways alike', async () => {
    await database.pool.query(`
      drop type if exists mood cascade; drop domain if exists price cascade; drop table if exists wide, wide2;
      create type mood as enum ('glad', 'sad'); create domain price as numeric(12, 2) check (value >= 0);
      create table wide (id int primary key, c char(3), v varchar(5), b bool, n numeric(8, 3), p price, m mood, d date, t time,
        at timestamptz, local timestamp, j json, jb jsonb, u uuid, bytes bytea, ints int[], dates date[], js jsonb[], boxes box[], r int4range, "odd ""name""" text);
      create table wide2 (like wide including all)`)
    const at = new Date('2026-11-22T10:20:30.123Z')
    const item = {
      id: 1, c: 'ab', v: 'abcde', b: false, n: '12345.678', p: 9.5, m: 'sad', d: at, t: '10:20', at, local: at,
      j: { a: [1, 'x"\\'] }, jb: [{ b: null }], u: '00000000-0000-0000-0000-000000000001', bytes: Buffer.from([0, 92, 255]),
      ints: [[1, 2], [3, null]], dates: [at, null], js: [{ a: 1 }, [2]], boxes: ['(1,1),(0,0)', '(2,2),(1,1)'], r: '[1,5)',
      'odd "name"': 'x',
    } // oxfmt-ignore
    const columns = Object.keys(item) as (keyof typeof item)[]
    await writeOne(postgresWriter<typeof item>({ table: 'wide', columns }), [item])
    await writeOne(postgresWriter<typeof item>({ table: 'wide2', columns, onConflict: 'nothing' }), [item])
    const [copied] = await rowsOf(database.pool, 'select w::text as row, bytes from wide w')
    const [inserted] = await rowsOf(database.pool, 'select w::text as row, bytes from wide2 w')
    expect(inserted).to.deep.equal(copied)
    expect(copied?.['row'])
      .to.contain('9.50')
      .and.contain('2026-11-22')
      .and.contain('(1,1),(0,0);(2,2),(1,1)')
  })

  it('does not cut text that is too long for its column', async () => {
    await database.pool.query(
      'drop table if exists short; create table short (id int primary key, v varchar(3), c char(3))',
    )
    for (const onConflict of [undefined, 'nothing'] as const) {
      for (const column of ['v', 'c'] as const) {
        const writer = postgresWriter<{ id: number; v: string }>({
          table: 'short',
          columns: { id: 'id', [column]: 'v' },
          ...(onConflict && { onConflict }),
        })
        const error: unknown = await writeOne(writer, [{ id: 1, v: 'abcd' }]).catch(
          (reason: unknown) => reason,
        )
        expect(error)
          .to.be.instanceOf(Error)
          .with.property('message')
          .that.matches(/too long/)
      }
    }
  })

  it('goes on with a new connection after its own was killed', async () => {
    const sink = await open(
      postgresWriter<Trade>({ table: 'trade', columns: ['id', 'isin'], connection: database.config }),
    )
    await sink.write(trades.slice(0, 2), NO_TRANSACTION_RESOURCES)
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query = 'commit'`,
    )
    const second = (): Promise<void> => sink.write(trades.slice(2, 4), NO_TRANSACTION_RESOURCES)
    await second().catch(second)
    expect(await rowsOf(database.pool, 'select count(*)::int as n from trade')).to.deep.equal([{ n: 4 }])
    await sink.close()
  })
})
