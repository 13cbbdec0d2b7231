import { expect } from 'chai'
import { z } from 'zod'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader, OpenedReader } from '../../src/core/ports/item-reader.ts'
import type { Resources } from '../../src/core/ports/resource.ts'
import { postgresReader, type PostgresReaderOptions } from '../../src/readers/postgres.ts'
import { itemReaderContract } from '../../src/testing/contracts/item-reader.ts'
import { NO_RESOURCES, SILENT_LOGGER } from '../../src/testing/contracts/scope.ts'
import { rowsOf, type TestSchema, testSchema } from '../postgres/test-schema.ts'

type Row = Readonly<Record<string, unknown>>

describe('postgresReader', () => {
  let database: TestSchema

  before(async () => {
    database = await testSchema()
    await database.pool.query(`
      create table trade (id int8 primary key, booked_on date not null, price numeric not null, note text, maybe int unique);
      insert into trade select 9007199254740990 + n, date '2026-01-01' + n % 4, n / 3.0, 'note ' || n, n from generate_series(1, 20) n;
      create unique index on trade (booked_on desc, price, id);
      create view bookings as select booked_on, price from trade;
      create table loose (id int, name text);
      insert into loose values (1, 'a'), (2, 'b'), (2, 'c'), (3, 'd')`)
  })
  after(() => database.drop())

  const open = <T>(
    reader: ItemReader<T>,
    from?: Checkpoint,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<OpenedReader<T>> =>
    reader.open({ from, signal, logger: SILENT_LOGGER, resources: database.resources })

  const readAll = async <T>(reader: ItemReader<T>, from?: Checkpoint, limit = 10): Promise<readonly T[]> => {
    const opened = await open(reader, from)
    const items: T[] = []
    try {
      for (let page = await opened.read(limit); page; page = await opened.read(limit))
        items.push(...page.items)
    } finally {
      await opened.close()
    }
    return items
  }

  const refused = async (
    options: PostgresReaderOptions<Row>,
    message: RegExp,
    code = 'INVALID_READER_OPTIONS',
  ): Promise<void> => {
    try {
      await readAll(postgresReader(options))
    } catch (error) {
      if (!isBatchError(error)) throw error
      expect(error.message).to.match(message)
      expect(error.code).to.equal(code)
      return
    }
    expect.fail('it was not refused')
  }

  const contract = (what: string, options: () => PostgresReaderOptions<Row>): void => {
    describe(what, () => {
      const subject = {
        reader: () => postgresReader(options()),
        faulty: () =>
          postgresReader<Row>({
            ...options(),
            schema: z.looseObject({ note: z.string().refine((note) => !/ (7|8|20)$/.test(note)) }),
          }),
        resources: { find: (key) => database.resources.find(key) } satisfies Resources as Resources,
      }
      for (const { promise, check } of itemReaderContract(subject)) it(promise, check)
    })
  }
  contract('by its primary key, in pages of 3', () => ({ table: 'trade', orderBy: 'id', pageSize: 3 }))
  contract('by three keys in mixed directions, in pages of 7, with a total', () => ({
    table: 'trade',
    orderBy: [{ column: 'booked_on', direction: 'desc' }, 'price', { column: 'id', direction: 'desc' }],
    pageSize: 7,
    total: 'count',
  }))
  contract('by three keys backwards', () => ({
    table: 'trade',
    orderBy: (['booked_on', 'price', 'id'] as const).map((column) => ({ column, direction: 'desc' })),
    pageSize: 4,
  }))
  contract('from a query with parameters, on a connection of its own', () => ({
    query:
      'select t.id + $1::int8 as key, count(*) as n, max(note) as note from trade t group by 1 -- by key',
    parameters: [5],
    orderBy: 'key',
    pageSize: 5,
    connection: database.config,
  }))
  contract('where a condition holds, with a key that the items do not have', () => ({
    table: 'trade',
    columns: ['note'],
    where: 'booked_on > $1 -- later',
    parameters: ['2026-01-01'],
    orderBy: 'id',
    types: 'text',
    pageSize: 2,
  }))

  it('reads in the order that is asked for', async () => {
    const orderBy = [{ column: 'booked_on', direction: 'desc' }, 'price'] as const
    const items = await readAll(postgresReader({ query: 'select * from trade', orderBy, pageSize: 3 }))
    const rows = await rowsOf(database.pool, 'select id from trade order by booked_on desc, price')
    expect(items.map(({ id }) => String(id as bigint))).to.deep.equal(rows.map(({ id }) => id))
  })

  it('loses no digit of any value, whatever the session’s settings are', async () => {
    await database.pool.query(
      `
      create table wide (id int primary key, i8 int8, n numeric, d date, at timestamptz, local timestamp, f float8, f4 float4,
        b bool, bytes bytea, j jsonb, i8s int8[], ns numeric[], ds date[], js jsonb[], span interval, u uuid, t text);
      insert into wide values (1, 9223372036854775807, 12345678901234567890.000100, '4712-01-01 BC', '2026-11-22 10:20:30.123456+02', '2026-11-22 10:20:30.123456',
        0.1, 0.1, true, '\\x00ff', '{"a": [1, null]}', '{9223372036854775807,NULL}', '{1.10,{2}}'::text::numeric[], '{2026-11-22}', array['{"a":1}'::jsonb], '1 day 02:00', '00000000-0000-0000-0000-000000000001', e'a\\tb'),
        (2, null, null, 'infinity', '-infinity', null, 'NaN', null, null, null, null, null, null, null, null, null, null, '')`.replace(
        "'{1.10,{2}}'::text::numeric[]",
        "'{1.10,NULL}'",
      ),
    )
    const options = `${database.config.options} -c DateStyle=German -c TimeZone=Asia/Tokyo -c extra_float_digits=-5 -c bytea_output=escape -c IntervalStyle=iso_8601`
    const [first, second] = await readAll(
      postgresReader({ table: 'wide', orderBy: 'id', connection: { ...database.config, options } }),
    )
    expect(first).to.deep.equal({
      id: 1,
      i8: 9223372036854775807n,
      n: '12345678901234567890.000100',
      d: '4712-01-01 BC',
      at: '2026-11-22 08:20:30.123456+00',
      local: '2026-11-22 10:20:30.123456',
      f: 0.1,
      f4: 0.1,
      b: true,
      bytes: Buffer.from([0, 255]),
      j: { a: [1, null] },
      i8s: [9223372036854775807n, null],
      ns: ['1.10', null],
      ds: ['2026-11-22'],
      js: [{ a: 1 }],
      span: '1 day 02:00:00',
      u: '00000000-0000-0000-0000-000000000001',
      t: 'a\tb',
    })
    expect(second).to.deep.include({ i8: null, d: 'infinity', at: '-infinity', f: Number.NaN, t: '' })
  })

  it('gives the connection back as it was', async () => {
    const pool = new (await import('pg')).default.Pool({
      ...database.config,
      max: 1,
      options: '-c TimeZone=Asia/Tokyo',
    })
    const table = { schema: database.schema, name: 'trade' }
    const opened = await open(postgresReader({ table, orderBy: 'id', connection: pool }))
    await opened.read(1)
    await opened.close()
    const { rows } = await pool.query('show TimeZone')
    expect(rows).to.deep.equal([{ TimeZone: 'Asia/Tokyo' }])
    expect(pool.totalCount - pool.idleCount).to.equal(0)
    await pool.end()
  })

  for (const [type, values] of Object.entries({
    int8: ['-9223372036854775808', '9007199254740992', '9007199254740993', '9223372036854775807'],
    numeric: ['-1e-30', '0.1', '0.10000000000000000001', '12345678901234567890.5', 'NaN'],
    timestamptz: [
      '-infinity',
      '0044-03-15 BC',
      '2026-11-22 10:20:30.000001+00',
      '2026-11-22 10:20:30.000002+00',
      'infinity',
    ],
    float8: ['-Infinity', '0.1', '0.30000000000000004', '1e300', 'NaN'],
    text: ['', ' ', 'Ä', 'a', "a'b", 'a\\b', 'a\nb', '🐦'],
    'char(3)': ['', 'a', 'ab'],
    uuid: ['00000000-0000-0000-0000-000000000001', '10000000-0000-0000-0000-000000000000'],
    bytea: ['\\x', '\\x00', '\\x00ff', '\\xff'],
    interval: ['1 hour', '1 day', '1 mon'],
    'int[]': ['{1}', '{1,2}', '{2}'],
  })) {
    it(`pages by a key of type ${type}`, async () => {
      await database.pool.query(`drop table if exists keyed; create table keyed (k ${type} primary key)`)
      await database.pool.query(`insert into keyed select v::${type} from unnest($1::text[]) v`, [values])
      const expected = (
        await rowsOf(database.pool, `select k::text as t, md5(k::text) as m from keyed order by k`)
      ).length
      for (const direction of ['asc', 'desc'] as const) {
        const orderBy = { column: 'k', direction }
        const items = await readAll(postgresReader({ table: 'keyed', orderBy, pageSize: 1, types: 'text' }))
        expect(new Set(items.map(({ k }) => k)).size).to.equal(expected)
        expect(items).to.have.length(expected)
      }
    })
  }

  describe('refuses', () => {
    it('an order that is not unique, naming the indexes that are', () =>
      refused(
        { table: 'trade', orderBy: 'booked_on' },
        /order booked_on is not unique in table trade; .*\(id\) or \(/,
      ))
    it('a table without a unique index', () =>
      refused({ table: 'loose', orderBy: 'id' }, /has no unique index/))
    it('keys that repeat in a query, within a page and across pages', async () => {
      for (const pageSize of [1, 2, 3, 10]) {
        await refused(
          { query: 'select * from loose', orderBy: 'id', pageSize },
          /more than one row with id 2: .* not unique/,
          'READ_FAILED',
        )
      }
    })
    it('keys that are equal and written differently', () =>
      refused(
        { query: 'select * from (values (1.0), (1.00)) v (n)', orderBy: 'n', pageSize: 1 },
        /more than one row with n 1\.0+:/,
        'READ_FAILED',
      ))
    it('null keys, wherever they stand', async () => {
      await database.pool.query(
        'drop table if exists holes; create table holes (id int unique); insert into holes values (1), (2), (3), (null)',
      )
      for (const direction of ['asc', 'desc'] as const) {
        const orderBy = { column: 'id', direction }
        await refused({ table: 'holes', orderBy, pageSize: 1 }, /rows whose id is null/)
        await refused({ query: 'select * from holes', orderBy, pageSize: 1 }, /rows whose id is null/)
      }
      expect(
        await readAll(postgresReader({ table: 'holes', where: 'id is not null', orderBy: 'id' })),
      ).to.have.length(3)
    })
    it('what does not exist, with a suggestion', async () => {
      await refused({ table: 'trades', orderBy: 'id' }, /no table trades .* Did you mean 'trade'/)
      await refused({ table: 'trade', orderBy: 'idd' }, /no column idd. Did you mean 'id'/)
      await refused(
        { table: 'trade', orderBy: 'id', columns: ['prize'] },
        /no column prize. Did you mean 'price'/,
      )
      await refused(
        { query: 'select id from trade', orderBy: 'ids' },
        /query select id from trade has no column ids. Did/,
      )
      await refused({ table: 'trade', orderBy: 'id', where: 'nope = 1' }, /column "nope" does not exist/)
      await refused({ query: 'select 1 as a, 2 as a', orderBy: 'a' }, /two columns named a/)
    })
    it('options that contradict themselves', async () => {
      await refused({ table: 'trade', orderBy: [] }, /names no column/)
      await refused({ table: 'trade', orderBy: ['id', 'id'] }, /names id twice/)
      await refused({ table: 'trade', orderBy: 'id', pageSize: 0 }, /at least 1/)
      await refused({ table: 'trade', query: 'select 1', orderBy: 'id' } as never, /name one/)
      await refused({ orderBy: 'id' } as never, /neither/)
    })
    it('a checkpoint of another order', async () => {
      const error: unknown = await readAll(postgresReader({ table: 'trade', orderBy: 'id' }), {
        items: 3,
        order: 'price, id',
        after: ['1', '2'],
      }).catch((reason: unknown) => reason)
      expect(isBatchError(error, 'CHECKPOINT_REFUSED') && error.message).to.match(
        /order of price, id, and orderBy is now id/,
      )
    })
    it('to go on in another table, with another condition, or with other values, unless that is accepted', async () => {
      const options = { where: 'price > $1', parameters: [1n], orderBy: 'id' }
      const first = await open(postgresReader({ table: 'trade', ...options }))
      const from = (await first.read(3))?.checkpointAfter(2) as Checkpoint
      await first.close()
      await database.pool.query(
        'create table if not exists trade_2 as table trade; alter table trade_2 add primary key (id)',
      )
      const refusal = async (changed: PostgresReaderOptions<Row>): Promise<string> => {
        const error: unknown = await readAll(postgresReader(changed), from).catch((reason: unknown) => reason)
        expect(isBatchError(error, 'INPUT_CHANGED'), String(error)).to.equal(true)
        const accepting = await postgresReader(changed).open({
          from,
          acceptChanges: true,
          signal: new AbortController().signal,
          logger: SILENT_LOGGER,
          resources: database.resources,
        })
        await accepting.close()
        return (error as Error).message
      }
      expect(await refusal({ table: 'trade_2', ...options })).to.contain(
        '\n  it was table trade, is table trade_2\n',
      )
      expect(await refusal({ table: 'trade', ...options, where: 'price >= $1' })).to.contain(
        'table trade: its statement or condition is another one',
      )
      expect(await refusal({ table: 'trade', ...options, parameters: [2n] })).to.contain(
        'table trade: the values of its parameters are others',
      )
      const relaid = { ...options, where: 'price  >\n $1', pageSize: 2, columns: ['id'] }
      expect(await readAll(postgresReader({ table: 'trade', ...relaid }), from)).to.have.length(14)
    })
    it('a repository that has no Postgres', async () => {
      const { signal } = new AbortController()
      const reader = postgresReader({ table: 'trade', orderBy: 'id' })
      const error: unknown = await reader
        .open({ from: undefined, signal, logger: SILENT_LOGGER, resources: NO_RESOURCES })
        .catch((reason: unknown) => reason)
      expect(isBatchError(error, 'INVALID_READER_OPTIONS') && error.message).to.match(/option 'connection'/)
    })
  })

  it('reads a view, whose keys it checks while reading', async () => {
    expect(
      await readAll(postgresReader({ table: 'bookings', orderBy: ['booked_on', 'price'], pageSize: 3 })),
    ).to.have.length(20)
    await refused(
      { table: 'bookings', orderBy: 'booked_on', pageSize: 3 },
      /more than one row with booked_on/,
      'READ_FAILED',
    )
  })

  it('names row and column that the schema refuses', async () => {
    const schema = z.object({ id: z.bigint(), maybe: z.number().max(2) })
    const opened = await open(postgresReader({ table: 'trade', orderBy: 'id', schema }))
    const page = await opened.read(5)
    expect(page?.items).to.deep.equal([
      { id: 9007199254740991n, maybe: 1 },
      { id: 9007199254740992n, maybe: 2 },
    ])
    expect(page?.fault?.error.message).to.match(
      /^table trade, table trade, id 9007199254740993: column maybe: Too big/,
    )
    expect(page?.fault?.raw).to.contain('"id":"9007199254740993"')
    await opened.close()
  })

  it('tells how many rows there are, when asked', async () => {
    for (const total of ['count', 'estimate'] as const) {
      const opened = await open(postgresReader({ table: 'trade', orderBy: 'id', total }))
      await opened.read(3)
      const progress = opened.progress?.()
      expect(progress?.done).to.equal(3)
      expect(progress?.total).to.be.at.least(total === 'count' ? 20 : 3)
      await opened.close()
    }
  })

  describe('when the step is to end', () => {
    const sleeping = async (): Promise<number> =>
      Number(
        (
          await rowsOf(
            database.pool,
            `select count(*) as n from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()`,
          )
        )[0]?.['n'],
      )
    const until = async (count: number): Promise<void> => {
      for (let turn = 0; (await sleeping()) !== count; turn++)
        if (turn > 500) expect.fail(`not ${count} sleeping`)
    }

    for (const pipeline of [false, true]) {
      it(`ends a read that waits, and the query on the server, ${pipeline ? 'with' : 'without'} pipeline mode`, async () => {
        const stop = new AbortController()
        const connection = { ...database.config, pipeline }
        const opened = await open(
          postgresReader({
            table: 'trade',
            where: '(select pg_sleep(30)) is not null',
            orderBy: 'id',
            connection,
          }),
          undefined,
          stop.signal,
        )
        const pending = opened.read(1).catch((error: unknown) => error)
        await until(1)
        stop.abort(new Error('enough'))
        expect(await pending).to.have.property('message', 'enough')
        const begun = Date.now()
        await opened.close()
        expect(Date.now() - begun).to.be.lessThan(3_000)
        await until(0)
      })
    }

    it('does not open any more', async () => {
      const error: unknown = await open(
        postgresReader({ table: 'trade', orderBy: 'id' }),
        undefined,
        AbortSignal.abort(new Error('enough')),
      ).catch((reason: unknown) => reason)
      expect(error).to.have.property('message', 'enough')
      expect(database.pool.totalCount - database.pool.idleCount).to.equal(0)
    })
  })

  it('fails with the place when its connection is killed, and can be closed', async () => {
    const opened = await open(
      postgresReader({
        table: 'trade',
        orderBy: 'id',
        pageSize: 2,
        connection: { ...database.config, application_name: 'killed reader' },
      }),
    )
    await opened.read(2)
    await database.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'killed reader'`,
    )
    const error: unknown = await (async () => {
      while (await opened.read(2));
    })().catch((reason: unknown) => reason)
    expect(isBatchError(error, 'READ_FAILED') && error.message).to.match(
      /reading table trade failed behind id \d+: /,
    )
    await opened.close()
  })

  it('resumes with the rows that came meanwhile behind the last key', async () => {
    const reader = postgresReader({ table: 'trade', orderBy: 'id', pageSize: 4 })
    const opened = await open(reader)
    const page = await opened.read(3)
    const checkpoint = page?.checkpointAfter(2)
    await opened.close()
    await database.pool.query(
      `insert into trade values (1, '2026-01-01', 1, 'before', -1), (9007199254749999, '2026-01-01', 1, 'behind', -2)`,
    )
    const rest = await readAll(reader, checkpoint)
    expect(rest).to.have.length(18)
    expect(rest.at(-1)).to.include({ note: 'behind' })
    await database.pool.query('delete from trade where maybe < 0')
  })
})
