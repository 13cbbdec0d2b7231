/** A program that prints the Debian packages without which `npm run test:servers` could not do its work on this machine. */

import { kafkaClientLoads, KAFKA_CLIENT_CACHE } from './kafka-client.ts'
import { isCached } from './cache-folder.ts'
import { BUILD_NEEDS, missingOf, PYTHON_NEEDS, SCHEDULER_NEEDS } from './machine-needs.ts'
import { SERVER_NAMES } from './server-address.ts'
import { needsOfServers } from './start-services.ts'

const hasClient = isCached(KAFKA_CLIENT_CACHE) || (await kafkaClientLoads())
const missing = missingOf([
  ...needsOfServers(SERVER_NAMES),
  ...(hasClient ? [] : BUILD_NEEDS),
  ...PYTHON_NEEDS,
  ...Object.values(SCHEDULER_NEEDS),
])
for (const { debianPackage } of missing) process.stdout.write(`${debianPackage}\n`)
