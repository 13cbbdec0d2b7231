import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type CassandraServer, startCassandraServer } from '../../scripts/services/cassandra-server.ts'
import { type KafkaServer, startKafkaServer } from '../../scripts/services/kafka-server.ts'
import { type TestDatabase, testDatabase } from '../embedded-postgres.ts'
import { describeWithOwnServers } from '../servers/describe-with-servers.ts'
import { runWithKills } from './paths/kill-run.ts'
import { type Path, type PathName, PATHS } from './paths/paths.ts'
import { ALL_TRADES, type Trade, TRADES } from './paths/trade.ts'
import type { PathWorld } from './paths/world.ts'

/** Each path with each of its victims. */
const CELLS = Object.entries(PATHS).flatMap(([name, { victims }]) =>
  victims.map((victim) => ({ name: name as PathName, victim })),
)

/** In all, where each cell has one at least and what is left goes to the first ones; `npm run test:kills` gives 20 to each. */
const EACH = Number(process.env['BATCHWRIGHT_TEST_KILLS_EACH'] ?? 0)
const KILLS = EACH > 0 ? EACH * CELLS.length : 20

function killsOf(cell: number): number {
  const each = Math.max(1, Math.floor(KILLS / CELLS.length))
  return each + (cell < KILLS - each * CELLS.length ? 1 : 0)
}

describeWithOwnServers(
  `Paths whose jobs and servers are killed, ${KILLS} times in all`,
  ['kafka', 'cassandra'],
  () => {
    let database: TestDatabase
    let kafka: KafkaServer
    let cassandra: CassandraServer
    let folder: string

    before(async () => {
      database = await testDatabase()
      folder = await mkdtemp(join(tmpdir(), 'batchwright-paths-'))
      ;[kafka, cassandra] = await Promise.all([
        startKafkaServer(),
        startCassandraServer({ commitlogSync: 'batch' }),
      ])
    })

    after(async () => {
      await Promise.all([kafka.stop(), cassandra.stop()])
      await database.close()
      await rm(folder, { recursive: true })
    })

    for (const [index, { name, victim }] of CELLS.entries()) {
      const { exactlyOnce }: Path = PATHS[name]
      const kills = killsOf(index)
      it(`${name}: ${victim} killed ${kills} times, and ${exactlyOnce ? 'each trade is there once' : 'no trade is missing'}`, async function () {
        this.timeout(120_000 + kills * 60_000)
        const world = worldOf(index)
        const { from, to }: Path = PATHS[name]
        await from.fill(world)
        await to.prepare(world)
        await runWithKills({ name, world, victim, kills, servers: { kafka, cassandra }, random: Math.random })
        assertMoved(await to.found(world), exactlyOnce)
        expect(await countsOf(world.run)).to.deep.equal({ read: TRADES, written: TRADES })
      })
    }

    const worldOf = (index: number): PathWorld => ({
      repository: { connection: database.connection, schema: database.schema },
      brokers: kafka.brokers,
      cassandra: { contactPoints: [cassandra.contactPoints], localDataCenter: cassandra.localDataCenter },
      folder,
      run: `path${index}`,
    })

    /** Over all executions of the instance. */
    async function countsOf(run: string): Promise<unknown> {
      const { rows } = await database.pool.query(
        `select sum(s.read_count)::int as read, sum(s.write_count)::int as written
         from ${database.schema}.batch_step_execution s
         join ${database.schema}.batch_job_execution_params p using (job_execution_id)
        where p.parameter_name = 'run' and p.parameter_value = $1`,
        [run],
      )
      return rows[0]
    }
  },
)

/** Whatever stood in transactions that were aborted would be one too many. */
function assertMoved(found: readonly Trade[], exactlyOnce: boolean): void {
  const once = new Map(found.map((trade) => [trade.id, trade]))
  const trades = [...once.values()].toSorted((one, other) => one.id - other.id)
  expect(trades.length, 'trades, each counted once').to.equal(TRADES)
  expect(trades).to.deep.equal(ALL_TRADES)
  if (exactlyOnce) expect(found.length, 'trades, doubles counted').to.equal(TRADES)
}
