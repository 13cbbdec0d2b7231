import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { type CassandraServer, startCassandraServer } from '../../scripts/services/cassandra-server.ts'
import { type KafkaServer, startKafkaServer } from '../../scripts/services/kafka-server.ts'
import { json, kafka } from '../../src/kafka/index.ts'
import { kafkaReader } from '../../src/readers/kafka.ts'
import { testBatch } from '../../src/testing/test-batch.ts'
import { recordingWriter } from '../../src/testing/recording-writer.ts'
import { defineJob } from '../../src/core/definition/define-job.ts'
import { describeWithOwnServers } from '../servers/describe-with-servers.ts'
import { z } from 'zod'
import { type LessonProject, openLessonProject } from './lesson-project.ts'

/** Summed up from the file by other means than those of the jobs. */
const STRIKES = 10_000
const TEXAN = 1_495
const COST = '40545276'

/** Servers of its own, since a lesson restarts the broker, and leaves topics and tables under names of its own. */
describeWithOwnServers('The lessons that need servers', ['kafka', 'cassandra'], () => {
  let broker: KafkaServer
  let cassandra: CassandraServer
  let project: LessonProject

  before(async () => {
    ;[broker, cassandra] = await Promise.all([startKafkaServer(), startCassandraServer()])
    project = await openLessonProject('server_lessons', {
      KAFKA_BROKERS: broker.brokers,
      CASSANDRA_CONTACT_POINTS: cassandra.contactPoints,
      CASSANDRA_LOCAL_DATA_CENTER: cassandra.localDataCenter,
    })
    expect(project.batchwright('db', 'migrate').code).to.equal(0)
  })

  after(async () => {
    await project.close()
    await Promise.all([broker.stop(), cassandra.stop()])
  })

  it('9: bird strikes through Kafka into Cassandra, and a report by partition key in the order of the dates', async () => {
    const { code, err } = project.batchwright('run', 'strikes-by-state', 'state=Texas')
    expect(code, err).to.equal(0)
    const lines = (await readFile('out/strikes-Texas.csv', 'utf8')).trimEnd().split('\n').slice(1)
    expect(lines).to.have.lengthOf(TEXAN)
    const dates = lines.map((line) => line.split(',')[1] ?? '')
    expect(dates).to.deep.equal(dates.toSorted())
    expect(lines.every((line) => line.startsWith('Texas,'))).to.equal(true)
    const { out } = project.batchwright('explain', 'strikes-by-state', 'state=Texas')
    expect(out).to.contain('at-least-once').and.contain('idempotent').and.contain('transactional')
    expect(out).to.contain('insert into cassandra table lessons.strike_by_state')
    expect(out).to.contain('cassandra table lessons.strike_by_state, 1 partition')
  })

  it('10: a log into a table through a crash: the offsets are there once', async () => {
    const killed = project.batchwright('run', 'kafka-to-postgres', 'day=2026-01-31')
    expect(killed.signal, killed.err).to.equal('SIGKILL')
    const { rows: before } = (await project.rowOf('select count(*)::int as rows from published_strike')) as {
      rows: number
    }
    expect(before).to.be.greaterThan(0).and.lessThan(STRIKES)
    const { code, err } = project.batchwright('run', 'kafka-to-postgres', 'day=2026-01-31')
    expect(code, err).to.equal(0)
    expect(err).to.contain('Every strike is there once')
    expect(
      await project.rowOf(
        'select count(*)::int as rows, count(distinct line)::int as lines, sum(cost)::text as cost from published_strike',
      ),
    ).to.deep.equal({ rows: STRIKES, lines: STRIKES, cost: COST })
  })

  it('11: a whole table into a file, each row once', async () => {
    await rm('out/strikes-2026-01-31.csv', { force: true })
    const { code, err } = project.batchwright('run', 'cassandra-to-csv', 'day=2026-01-31')
    expect(code, err).to.equal(0)
    const lines = (await readFile('out/strikes-2026-01-31.csv', 'utf8')).trimEnd().split('\n').slice(1)
    expect(new Set(lines).size).to.equal(STRIKES)
    expect(lines).to.have.lengthOf(STRIKES)
    expect(String(lines.reduce((sum, line) => sum + Number(line.split(',').at(-1)), 0))).to.equal(COST)
  })

  it('12: a sync between both goes on where it was when its broker has been killed and started again', async function () {
    this.timeout(240_000)
    const begun = project.begin('run', 'sync', 'day=2026-01-31', 'pause=150')
    let err = ''
    begun.stderr?.on('data', (text) => (err += String(text)))
    begun.stdout?.resume()
    const ended = once(begun, 'exit')
    while (!err.includes('topicToTable 3/4 started'))
      await Promise.race([sleep(50), ended.then(() => expect.fail(err))])
    await sleep(1500)
    await broker.kill('SIGKILL')
    const [code] = (await ended) as [number | null]
    expect(code, err).to.equal(1)
    // The first of the two may have fetched all of its topic by then.
    expect(err).to.match(/(topicToTable 3|tableToTopic 4)\/4 FAILED/)
    await broker.start()
    const again = project.batchwright('run', 'sync', 'day=2026-01-31')
    expect(again.code, again.err).to.equal(0)
    expect(again.err).to.contain('publish 2/4 was completed before')
    const records = recordingWriter<number>()
    const reader = kafkaReader({
      client: kafka({ brokers: broker.brokers }),
      topic: 'sync-target-2026-01-31',
      value: json(z.object({ line: z.number(), cost: z.number() })),
    })
    const job = defineJob({
      name: 'read-target',
      parameters: z.object({}),
      steps: (step) => ({
        read: step.chunk({ size: 1000 }, { reader, processor: ({ value }) => value.line, writer: records }),
      }),
    })
    ;(await testBatch().runJob(job, {})).completed()
    expect(new Set(records.items()).size).to.equal(STRIKES)
    expect(records.items()).to.have.lengthOf(STRIKES)
  })
})
