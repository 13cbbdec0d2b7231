/** The program behind `npm run kafka-client`: after it the Kafka client can be loaded from this checkout. */

import { buildKafkaClient, findKafkaClient } from './kafka-client.ts'
import { KAFKA_CLIENT } from './kafka-client-package.ts'
import { runToExitCode } from './run-to-exit-code.ts'

await runToExitCode(async (signal) => {
  if (!(await findKafkaClient(signal))) await buildKafkaClient(signal)
  process.stderr.write(`${KAFKA_CLIENT} can be loaded.\n`)
  return 0
})
