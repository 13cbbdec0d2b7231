/** Opens and closes the driver's clients: connected or nothing, and closed within a bounded time. */
import { BatchError } from '../core/model/batch-error.ts'
import { untilAborted } from '../core/model/until-aborted.ts'
import type { Answer, DriverClient, DriverSettings } from './confluent-driver.ts'
import { atMost, called } from './driver-call.ts'
import { KAFKA_CODE } from './kafka-code.ts'
import { KafkaError } from './kafka-error.ts'

/** What consumers and producers of one `kafka()` have in common. */
export interface DriverTerms {
  readonly description: string
  readonly connectTimeoutMilliseconds: number
  readonly patienceMilliseconds: number
  /** A message of the driver, without what must not be shown. */
  readonly redact: (message: string) => string
}

const CLOSE_MILLISECONDS = 10_000

/** The driver has not come as far as a broker: it could not be made of these settings. */
const NOT_BEGUN: readonly number[] = [KAFKA_CODE.unspecified, KAFKA_CODE.state]
/** Says less than what was logged before it. */
const ALL_DOWN = /all broker connections are down|brokers are down/i

/**
 * What the driver tells of its troubles in events and logs is for people: it goes on by itself. The last of it says best why
 * nothing was reached.
 */
export async function connectDriver<C extends DriverClient>(
  Client: new (settings: DriverSettings) => C,
  settings: DriverSettings,
  terms: DriverTerms,
  signal: AbortSignal,
): Promise<C> {
  const { description, connectTimeoutMilliseconds: timeout, redact } = terms
  signal.throwIfAborted()
  const client = madeOf(Client, settings, terms)
  let trouble: string | undefined
  const note = ({ message }: { readonly message: string }): void => {
    if (!ALL_DOWN.test(message)) trouble = redact(message.replace(/^\[thrd:[^\]]*\]: /, ''))
  }
  client.on('event.log', note)
  // A token that could not be had: the driver says so in this event, which would end the process unheard.
  client.on('error', note)
  const connecting = called(`${description}: connecting`, (answer: Answer) =>
    client.connect({ allTopics: false, timeout }, answer),
  )
  try {
    await untilAborted(connecting, signal)
    return client
  } catch (error) {
    connecting.then(
      () => closeDriver(client, disconnectAny),
      () => {},
    )
    if (signal.aborted) throw error
    if (error instanceof KafkaError && NOT_BEGUN.includes(error.code)) throw refusedSettings(terms, error)
    throw unavailable(terms, error, trouble)
  }
}

/** Never hangs: what the driver has not let go within ten seconds it lets go later. */
export async function closeDriver<C extends DriverClient>(
  client: C,
  disconnect: (client: C, answer: Answer) => unknown,
): Promise<void> {
  if (!client.isConnected()) return
  const closing = called('closing', (answer) => disconnect(client, answer))
  await atMost(
    CLOSE_MILLISECONDS,
    closing.catch(() => {}),
  )
}

function disconnectAny(client: DriverClient, answer: Answer): void {
  const { disconnect } = client as unknown as { disconnect: (answer: Answer) => unknown }
  disconnect.call(client, answer)
}

function madeOf<C>(
  Client: new (settings: DriverSettings) => C,
  settings: DriverSettings,
  terms: DriverTerms,
): C {
  try {
    return new Client(settings)
  } catch (error) {
    throw refusedSettings(terms, error)
  }
}

/** Without a cause, which would show what is redacted here. */
function refusedSettings({ description, redact }: DriverTerms, error: unknown): BatchError {
  const reason = redact(error instanceof Error ? error.message : String(error))
  return new BatchError(
    'INVALID_CONFIGURATION',
    `${description}: the Kafka client refuses the settings: ${reason}. Correct the options of kafka().`,
  )
}

function unavailable(
  { description, connectTimeoutMilliseconds, redact }: DriverTerms,
  error: unknown,
  trouble: string | undefined,
): BatchError {
  const reason = trouble ?? redact(error instanceof Error ? error.message : String(error))
  return new BatchError(
    'SERVER_UNAVAILABLE',
    `${description}: no broker has answered within ${connectTimeoutMilliseconds} ms: ${reason}. ` +
      'Start it, or correct its address, TLS or log-in.',
    { cause: error },
  )
}
