/** Loads the Kafka client that is installed beside this package, or says how to install it. */
import { BatchError } from '../core/model/batch-error.ts'
import type { ConfluentDriver } from './confluent-driver.ts'

const PACKAGE: string = '@confluentinc/kafka-javascript'

/** @throws BatchError OPTIONAL_PACKAGE_MISSING */
export async function loadDriver(
  load: () => Promise<unknown> = () => import(PACKAGE),
): Promise<ConfluentDriver> {
  try {
    return rdkafkaOf(await load())
  } catch (error) {
    throw new BatchError('OPTIONAL_PACKAGE_MISSING', adviceFor(error), {
      details: { package: PACKAGE },
      cause: error,
    })
  }
}

function rdkafkaOf(loaded: unknown): ConfluentDriver {
  const { RdKafka, default: inside } = loaded as {
    RdKafka?: ConfluentDriver
    default?: { RdKafka?: ConfluentDriver }
  }
  const driver = RdKafka ?? inside?.RdKafka
  if (driver === undefined) throw new Error('it exports no RdKafka')
  return driver
}

function adviceFor(error: unknown): string {
  const { code } = error as { code?: unknown }
  const isAbsent = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND'
  return isAbsent && String(error).includes(PACKAGE)
    ? `Kafka needs the package ${PACKAGE}, which is not installed. Run "npm install ${PACKAGE}".`
    : `The package ${PACKAGE} is installed, and cannot be loaded: its native part is missing, or was built for another system. ` +
        `Run "npm rebuild ${PACKAGE}" here.`
}
