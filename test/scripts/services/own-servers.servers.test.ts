import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import cassandra from 'cassandra-driver'
import { expect } from 'chai'
import { type CassandraServer, startCassandraServer } from '../../../scripts/services/cassandra-server.ts'
import { KAFKA_CLIENT } from '../../../scripts/services/kafka-client-package.ts'
import { type KafkaServer, startKafkaServer } from '../../../scripts/services/kafka-server.ts'
import { answers } from '../../../scripts/services/probe.ts'
import type { ServerName } from '../../../scripts/services/server-address.ts'
import { becomesTrue } from '../../../scripts/services/server-process.ts'
import { describeWithOwnServers } from '../../servers/describe-with-servers.ts'

describeWithOwnServers('A Kafka broker of our own', ['kafka'], () => {
  let kafka: KafkaServer

  before(async () => (kafka = await startKafkaServer()))
  after(() => kafka.stop())

  it('answers, does not after a kill, and answers in the same place with its topics after a start', async () => {
    await createTopic(kafka.brokers, 'survivor')
    expect(await isUp('kafka', kafka.brokers)).to.equal(true)
    await kafka.kill()
    expect(await isUp('kafka', kafka.brokers)).to.equal(false)
    await kafka.start()
    expect(await isUp('kafka', kafka.brokers)).to.equal(true)
    expect(await topics(kafka.brokers)).to.include('survivor')
  })

  it('cannot be started on a port that is taken, and says which', async () => {
    const port = Number(kafka.brokers.split(':')[1])
    const error = await startKafkaServer({ port }).catch((reason: Error) => reason.message)
    expect(error).to.match(new RegExp(`kafka cannot listen on 127.0.0.1:${port}: the port is taken`))
  })

  it('is gone, with its data, when the process that started it is killed', () => diesWithItsOwner('kafka'))
})

describeWithOwnServers('A Cassandra node of our own', ['cassandra'], () => {
  let node: CassandraServer

  before(async () => (node = await startCassandraServer()))
  after(() => node.stop())

  it('has every acknowledged row after a kill and a start', async () => {
    await withSession(node, async (session) => {
      await session.execute(
        "create keyspace survivors with replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
      )
      await session.execute('create table survivors.row (id int primary key)')
      for (let id = 0; id < 100; id += 1) {
        await session.execute('insert into survivors.row (id) values (?)', [id], { prepare: true })
      }
    })
    await node.kill()
    expect(await isUp('cassandra', node.contactPoints)).to.equal(false)
    await node.start()
    await withSession(node, async (session) => {
      const { rows } = await session.execute('select id from survivors.row')
      expect(rows).to.have.lengthOf(100)
    })
  })

  it('is gone, with its data, when the process that started it is killed', () =>
    diesWithItsOwner('cassandra'))
})

function isUp(name: ServerName, address: string): Promise<boolean> {
  const [host = '', port] = address.split(':')
  return answers(name, { host, port: Number(port) })
}

async function diesWithItsOwner(name: ServerName): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'batchwright-owner-'))
  const owner = spawn(process.execPath, [resolve('dist/test/scripts/services/starting-process.js'), name], {
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(owner.stdout, 'data')) as [Buffer]
  const address = String(said).trim()
  expect(await isUp(name, address)).to.equal(true)
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  const isGone = async (): Promise<boolean> =>
    !(await isUp(name, address)) && (await readdir(folder)).length === 0
  expect(await becomesTrue(isGone, { withinMs: 10_000 })).to.equal(true)
  await rm(folder, { recursive: true })
}

type Callback<T> = (error: Error | null, value: T) => void

/** What is used here of the Kafka client, which need not be installed where this is compiled. */
interface Admin {
  readonly createTopic: (
    topic: { topic: string; num_partitions: number; replication_factor: number },
    patienceMs: number,
    done: Callback<void>,
  ) => void
  readonly listTopics: (options: { timeout: number }, done: Callback<readonly string[]>) => void
  readonly disconnect: () => void
}

async function withAdmin<T>(brokers: string, work: (admin: Admin, done: Callback<T>) => void): Promise<T> {
  const { AdminClient } = createRequire(import.meta.url)(KAFKA_CLIENT) as {
    AdminClient: { create: (settings: Record<string, string>) => Admin }
  }
  const admin = AdminClient.create({ 'bootstrap.servers': brokers })
  try {
    return await new Promise<T>((done, fail) =>
      work(admin, (error, value) => (error ? fail(error) : done(value))),
    )
  } finally {
    admin.disconnect()
  }
}

function createTopic(brokers: string, topic: string): Promise<void> {
  const settings = { topic, num_partitions: 1, replication_factor: 1 }
  return withAdmin(brokers, (admin, done) => admin.createTopic(settings, 10_000, done))
}

function topics(brokers: string): Promise<readonly string[]> {
  return withAdmin(brokers, (admin, done) => admin.listTopics({ timeout: 10_000 }, done))
}

async function withSession(
  node: CassandraServer,
  work: (session: cassandra.Client) => Promise<void>,
): Promise<void> {
  const { contactPoints, localDataCenter } = node
  const session = new cassandra.Client({ contactPoints: [contactPoints], localDataCenter })
  try {
    await session.connect()
    await work(session)
  } finally {
    await session.shutdown()
  }
}
