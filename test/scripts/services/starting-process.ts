/** A process of its own that starts a server, says where, and then waits to be killed. */

import { startCassandraServer } from '../../../scripts/services/cassandra-server.ts'
import { startKafkaServer } from '../../../scripts/services/kafka-server.ts'

const address =
  process.argv[2] === 'kafka'
    ? (await startKafkaServer()).brokers
    : (await startCassandraServer()).contactPoints
process.stdout.write(`${address}\n`)
setInterval(() => undefined, 60_000)
