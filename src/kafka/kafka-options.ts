/** What a Kafka client is told, as librdkafka's settings; and which of it is never shown. */
import { BatchError } from '../core/model/batch-error.ts'
import type { DriverSettings } from './confluent-driver.ts'

export interface KafkaOptions {
  /** `host:port`, as a list or separated by commas; some of them are enough. */
  readonly brokers: string | readonly string[]
  /** How brokers name this client in their logs and quotas. @default batchwright */
  readonly clientId?: string
  /** `true` takes the system's authorities. @default without TLS */
  readonly ssl?: boolean | KafkaTls
  /** @default no log-in */
  readonly sasl?: KafkaSasl
  /** How long opening waits for a broker. @default 10000 */
  readonly connectTimeoutMilliseconds?: number
  /** Brokers may be away so long while a consumer reads; a restart takes some seconds. @default 120000 */
  readonly patienceMilliseconds?: number
  /** Further settings of librdkafka, by their names there; those that hold the guarantees are refused. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
}

/** Each a path of a PEM file, or the PEM text itself. */
export interface KafkaTls {
  /** Who may have signed the brokers' certificates. @default the system's authorities */
  readonly ca?: string
  /** The client's own, where brokers ask for one. */
  readonly certificate?: string
  readonly key?: string
  readonly keyPassword?: string
  /** Whether the broker's name must be that of its certificate. @default true */
  readonly checkHostname?: boolean
}

export type KafkaSasl =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: string
    }
  | {
      readonly mechanism: 'oauthbearer'
      /** Asked at first, and again before the token expires. */
      readonly token: () => Promise<KafkaToken>
    }

export interface KafkaToken {
  readonly value: string
  /** When it expires, in milliseconds since 1970. */
  readonly expires: number
  readonly principal?: string
}

/** Ours: with others the promises of reader and writer would not hold. */
const OWN_SETTINGS = [
  'acks',
  'auto.offset.reset',
  'bootstrap.servers',
  'client.id',
  'delivery.report.only.error',
  'dr_cb',
  'dr_msg_cb',
  'enable.auto.commit',
  'enable.auto.offset.store',
  'enable.gapless.guarantee',
  'enable.idempotence',
  'enable.partition.eof',
  'group.id',
  'isolation.level',
  'max.in.flight',
  'max.in.flight.requests.per.connection',
  'metadata.broker.list',
  'partitioner',
  'request.required.acks',
  'transactional.id',
]

/** Those of every consumer and producer. @throws BatchError INVALID_CONFIGURATION */
export function connectionSettings(options: KafkaOptions): DriverSettings {
  const { clientId = 'batchwright', ssl, sasl, settings = {} } = options
  const owned = Object.keys(settings).filter((name) => OWN_SETTINGS.includes(name))
  if (owned.length > 0) throw refused(`the settings ${owned.join(', ')} cannot be set: batchwright sets them`)
  return {
    'bootstrap.servers': brokersOf(options).join(','),
    'client.id': clientId,
    'security.protocol': `${sasl ? 'sasl_' : ''}${ssl ? 'ssl' : 'plaintext'}`,
    // A broker that was restarted is found again soon; the default lets it wait for ten seconds.
    'reconnect.backoff.max.ms': 1000,
    ...(typeof ssl === 'object' && tlsSettings(ssl)),
    ...(sasl && saslSettings(sasl)),
    ...settings,
  }
}

export function brokersOf({ brokers }: KafkaOptions): readonly string[] {
  const list = typeof brokers === 'string' ? brokers.split(',') : brokers
  const trimmed = list.map((broker) => broker.trim()).filter((broker) => broker !== '')
  if (trimmed.length === 0) throw refused('no brokers are named: give host:port of at least one')
  return trimmed
}

/** What must not be shown, wherever it stands in a message of the driver. */
export function secretsOf({ ssl, sasl, settings = {} }: KafkaOptions): readonly string[] {
  const { key, keyPassword } = typeof ssl === 'object' ? ssl : {}
  const password = sasl?.mechanism === 'oauthbearer' ? undefined : sasl?.password
  const passed = Object.entries(settings)
    .filter(([name]) => /password|secret|token|key/.test(name))
    .map(([, value]) => String(value))
  return [key, keyPassword, password, ...passed].filter(
    (secret): secret is string => secret !== undefined && secret !== '',
  )
}

function tlsSettings({ ca, certificate, key, keyPassword, checkHostname = true }: KafkaTls): DriverSettings {
  return {
    ...pemSetting('ssl.ca', ca),
    ...pemSetting('ssl.certificate', certificate),
    ...pemSetting('ssl.key', key),
    ...(keyPassword !== undefined && { 'ssl.key.password': keyPassword }),
    'ssl.endpoint.identification.algorithm': checkHostname ? 'https' : 'none',
  }
}

function pemSetting(name: string, value: string | undefined): DriverSettings {
  if (value === undefined) return {}
  return { [`${name}.${value.includes('-----BEGIN') ? 'pem' : 'location'}`]: value }
}

function saslSettings(sasl: KafkaSasl): DriverSettings {
  if (sasl.mechanism !== 'oauthbearer') {
    const { mechanism, username, password } = sasl
    return {
      'sasl.mechanisms': mechanism.toUpperCase(),
      'sasl.username': username,
      'sasl.password': password,
    }
  }
  return {
    'sasl.mechanisms': 'OAUTHBEARER',
    oauthbearer_token_refresh_cb: async () => {
      const { value, expires, principal = '' } = await sasl.token()
      return { tokenValue: value, lifetime: expires, principal, extensions: {} }
    },
  }
}

function refused(reason: string): BatchError {
  return new BatchError('INVALID_CONFIGURATION', `kafka(): ${reason}.`)
}
