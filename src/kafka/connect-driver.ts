/** Opens and closes the driver's clients: connected or nothing, and closed within a bounded time. */
import { BatchError } from '../core/model/batch-error.ts'
import type { Answer, DriverClient, DriverError, DriverSettings } from './confluent-driver.ts'
import { atMost, called, untilAborted } from './driver-call.ts'

/** What consumers and producers of one `kafka()` have in common. */
export interface DriverPlace {
  readonly description: string
  readonly connectTimeoutMilliseconds: number
  readonly patienceMilliseconds: number
  /** A message of the driver, without what must not be shown. */
  readonly redact: (message: string) => string
}

const CLOSE_MILLISECONDS = 10_000

/**
 * What the driver tells of its troubles in events is for people: it goes on by itself. The last one says best why nothing
 * was reached.
 */
export async function connectDriver<C extends DriverClient>(
  Client: new (settings: DriverSettings) => C,
  settings: DriverSettings,
  place: DriverPlace,
  signal: AbortSignal,
): Promise<C> {
  const { description, connectTimeoutMilliseconds: timeout, redact } = place
  signal.throwIfAborted()
  const client = madeOf(Client, settings, place)
  let trouble: string | undefined
  client.on('event.error', (error: DriverError) => void (trouble = redact(error.message)))
  // A token that could not be had: the driver says so in this event as well, which would end the process unheard.
  client.on('error', (error: Error) => void (trouble = redact(error.message)))
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
    throw unavailable(place, error, trouble)
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
  { description, redact }: DriverPlace,
): C {
  try {
    return new Client(settings)
  } catch (error) {
    const reason = redact(error instanceof Error ? error.message : String(error))
    throw new BatchError(
      'INVALID_CONFIGURATION',
      `${description}: librdkafka refuses the settings: ${reason}`,
    )
  }
}

function unavailable(
  { description, connectTimeoutMilliseconds, redact }: DriverPlace,
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
