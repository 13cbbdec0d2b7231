import { expect } from 'chai'
import type { ClientBase } from 'pg'
import { copyIn } from '../../src/postgres/copy-in.ts'
import { StatementPipeline } from '../../src/repository/postgres/statement-pipeline.ts'
import { rowsOf, type TestSchema, testSchema, withClient } from './test-schema.ts'

const COPY = 'copy number (id, value) from stdin'

for (const pipeline of [false, true]) {
  describe(`COPY without waiting for the server's answer, pg ${pipeline ? 'with' : 'without'} pipeline mode`, () => {
    let database: TestSchema

    before(async () => {
      database = await testSchema({ pipeline })
      await database.pool.query('create table number (id int primary key, value int)')
    })
    beforeEach(() => database.pool.query('truncate number'))
    after(() => database.drop())

    const answersOf = async (statements: readonly Promise<unknown>[]): Promise<readonly string[]> =>
      (await Promise.allSettled(statements)).map((answer) =>
        answer.status === 'rejected' ? codeOf(answer.reason) : resultOf(answer.value),
      )

    /** All at once in pipeline mode; `pg`'s queue for the other mode is about to be given up. */
    const settled = async (statements: readonly (() => Promise<unknown>)[]): Promise<readonly string[]> => {
      const answers: Promise<unknown>[] = []
      for (const send of statements) {
        const answer = send()
        answers.push(answer)
        if (!pipeline) await Promise.allSettled([answer])
      }
      return answersOf(answers)
    }

    const transaction = (
      client: ClientBase,
      rows: readonly Buffer[],
      statement = COPY,
    ): Promise<readonly string[]> =>
      settled([
        () => client.query('begin'),
        () => copyIn(client, statement, rows),
        () => client.query('select $1::int', [1]),
        () => client.query('commit'),
      ])

    it('runs inside a transaction that is sent at once', () =>
      withClient(database.pool, async (client) => {
        expect(await transaction(client, lines(1, 2))).to.deep.equal(['BEGIN', '2', 'SELECT', 'COMMIT'])
        expect(await idsOf(database)).to.deep.equal([1, 2])
      }))

    const REFUSALS = [
      { why: 'a bad value', rows: [Buffer.from('5\t5\n6\tsix\n')], code: '22P02' },
      { why: 'a key that is there twice', rows: lines(5, 6, 5), code: '23505' },
      { why: 'too few columns', rows: [Buffer.from('5\n')], code: '22P04' },
      { why: 'a missing table', rows: lines(5), statement: 'copy nowhere (id) from stdin', code: '42P01' },
      {
        why: 'a bad value in front of megabytes',
        rows: [Buffer.from('x\t1\n'), ...manyLines(300_000)],
        code: '22P02',
      },
      {
        why: 'a missing table and megabytes',
        rows: manyLines(300_000),
        statement: 'copy nowhere (id) from stdin',
        code: '42P01',
      },
    ]
    for (const { why, rows, statement, code } of REFUSALS) {
      it(`rolls everything back for ${why}, and the connection goes on`, () =>
        withClient(database.pool, async (client) => {
          expect(await transaction(client, rows, statement)).to.deep.equal([
            'BEGIN',
            code,
            '25P02',
            'ROLLBACK',
          ])
          expect(await transaction(client, lines(1))).to.deep.equal(['BEGIN', '1', 'SELECT', 'COMMIT'])
          expect(await idsOf(database)).to.deep.equal([1])
        }))
    }

    it('is refused behind a statement that failed, and the connection goes on', () =>
      withClient(database.pool, async (client) => {
        const answers = await settled([
          () => client.query('begin'),
          () => client.query('select 1 / $1::int', [0]),
          () => copyIn(client, COPY, lines(1)),
          () => copyIn(client, COPY, manyLines(50_000)),
          () => client.query('commit'),
          () => client.query('select $1::int', [1]),
        ])
        expect(answers).to.deep.equal(['BEGIN', '22012', '25P02', '25P02', 'ROLLBACK', 'SELECT'])
        expect(await idsOf(database)).to.deep.equal([])
      }))

    it('goes on inside the transaction behind a savepoint', () =>
      withClient(database.pool, async (client) => {
        const answers = await settled([
          () => client.query('begin'),
          () => client.query('savepoint chunk'),
          () => copyIn(client, COPY, lines(1, 1)),
          () => client.query('rollback to chunk'),
          () => copyIn(client, COPY, lines(2)),
          () => client.query('commit'),
        ])
        expect(answers).to.deep.equal(['BEGIN', 'SAVEPOINT', '23505', 'ROLLBACK', '1', 'COMMIT'])
        expect(await idsOf(database)).to.deep.equal([2])
      }))

    it('keeps the order of a hundred transactions that are sent at once, every third of them refused', () =>
      withClient(database.pool, async (client) => {
        const sent: Promise<readonly string[]>[] = []
        for (let chunk = 0; chunk < 100; chunk++) {
          const rows = chunk % 3 === 2 ? lines(chunk, chunk) : lines(chunk * 2, chunk * 2 + 1)
          const answer = transaction(client, rows)
          sent.push(answer)
          if (!pipeline) await answer
        }
        const answers = await Promise.all(sent)
        answers.forEach((answer, chunk) =>
          expect(answer[3]).to.equal(chunk % 3 === 2 ? 'ROLLBACK' : 'COMMIT'),
        )
        expect(await idsOf(database)).to.have.length(134)
      }))

    it('takes a chunk of many megabytes', () =>
      withClient(database.pool, async (client) => {
        const rows = manyLines(600_000)
        expect(rows.reduce((sum, part) => sum + part.length, 0)).to.be.greaterThan(7_000_000)
        expect((await transaction(client, rows))[1]).to.equal('600000')
      }))

    it('rejects when the backend is killed in the middle', () =>
      withClient(database.pool, async (client) => {
        const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
        const killed = settled([
          () => client.query('begin'),
          () => copyIn(client, COPY, manyLines(600_000)),
          () => client.query('select pg_sleep($1)', [20]),
          () => client.query('commit'),
        ])
        await database.pool.query('select pg_sleep(0.02), pg_terminate_backend($1)', [rows[0]?.pid])
        const [, ...others] = await killed
        for (const answer of others)
          expect(answer).to.match(/57P01|ECONNRESET|EPIPE|terminated|connection error/)
        expect(await settled([() => copyIn(client, COPY, lines(1))])).to.have.length(1)
        expect(await idsOf(database)).to.deep.equal([])
      }))

    it('has no rows, and that is fine', () =>
      withClient(database.pool, async (client) => {
        expect(await transaction(client, [])).to.deep.equal(['BEGIN', '0', 'SELECT', 'COMMIT'])
      }))

    it("goes between the statements of the job repository's single round trip", () =>
      withClient(database.pool, async (client) => {
        if (pipeline) return
        const send = async (rows: readonly Buffer[]): Promise<readonly string[]> => {
          const group = new StatementPipeline(client)
          const statements = [
            group.add({ text: 'begin' }),
            copyIn(
              { query: (one: object) => group.addSubmittable(one) } as unknown as ClientBase,
              COPY,
              rows,
            ),
            group.add({ text: 'select $1::int', values: [1] }),
            group.add({ text: 'commit' }),
          ]
          const sent = group.send().catch(() => {})
          const answers = await answersOf(statements)
          await sent
          return answers
        }
        expect(await send(lines(1, 2))).to.deep.equal(['BEGIN', '2', 'SELECT', 'COMMIT'])
        expect((await send(lines(3, 3)))[1]).to.equal('23505')
        await client.query('rollback')
        expect((await send([Buffer.from('x\t1\n'), ...manyLines(300_000)]))[1]).to.equal('22P02')
        await client.query('rollback')
        expect(await send(lines(4))).to.deep.equal(['BEGIN', '1', 'SELECT', 'COMMIT'])
        expect(await idsOf(database)).to.deep.equal([1, 2, 4])
      }))
  })
}

function lines(...ids: readonly number[]): readonly Buffer[] {
  return ids.map((id) => Buffer.from(`${id}\t${id}\n`))
}

function manyLines(count: number): readonly Buffer[] {
  const parts: Buffer[] = []
  for (let from = 0; from < count; from += 10_000) {
    parts.push(
      Buffer.from(
        Array.from({ length: 10_000 }, (_, index) => `${1_000_000 + from + index}\t${index}\n`).join(''),
      ),
    )
  }
  return parts
}

async function idsOf({ pool }: TestSchema): Promise<readonly unknown[]> {
  return (await rowsOf(pool, 'select id from number order by id')).map(({ id }) => id)
}

function codeOf(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  return code ?? message
}

function resultOf(result: unknown): string {
  return typeof result === 'number' ? String(result) : (result as { readonly command: string }).command
}
