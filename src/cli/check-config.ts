/** What the compiler does not see in a config: one in JavaScript, or one that was cast. */
import { inspect } from 'node:util'
import { nearestName } from '../core/model/nearest-name.ts'
import { webhookFaults } from '../webhooks/webhook-config.ts'
import { CONTINUATIONS } from '../pool/continue-executions.ts'
import { type BatchwrightConfig, LOG_LEVELS, type RepositoryConfig, type ServerConfig } from './config.ts'

/** Undefined where the value will do, else what would. */
type Check = (value: unknown) => string | undefined

const isText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'a text that is not empty'
const isCount: Check = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 ? undefined : 'a whole number from 1 on'

const CONFIG_CHECKS: Readonly<Record<keyof BatchwrightConfig, Check>> = {
  jobs: (value) =>
    Array.isArray(value) || typeof value === 'function'
      ? undefined
      : 'a list of jobs, or a function that gives it',
  schedules: (value) =>
    Array.isArray(value) || typeof value === 'function'
      ? undefined
      : 'a list of schedules, or a function that gives it',
  // Told fault by fault, and without the value: it holds secrets.
  webhooks: () => undefined,
  repository: (value) =>
    value === 'memory' || typeof value === 'function' || isObject(value)
      ? undefined
      : "'memory', { connection: 'postgres://…' }, or a function that makes a repository",
  tracing: (value) =>
    typeof value === 'boolean' || (isObject(value) && 'begin' in value)
      ? undefined
      : 'true, false, or a Tracing as openTelemetryTracing() makes it',
  server: (value) => (isObject(value) ? undefined : '{ port, host, concurrency, … }'),
  leaseMilliseconds: isCount,
  logLevel: (value) =>
    (LOG_LEVELS as readonly unknown[]).includes(value) ? undefined : `one of ${LOG_LEVELS.join(', ')}`,
}

const REPOSITORY_CHECKS: Readonly<Record<keyof RepositoryConfig, Check>> = {
  connection: isText,
  schema: isText,
  tablePrefix: (value) => (typeof value === 'string' ? undefined : 'a text'),
  poolSize: isCount,
  directory: isText,
}

const isContinuation: Check = (value) =>
  (CONTINUATIONS as readonly unknown[]).includes(value) ? undefined : `one of ${CONTINUATIONS.join(', ')}`

const SERVER_CHECKS: Readonly<Record<keyof ServerConfig, Check>> = {
  port: (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
      ? undefined
      : 'a whole number from 0 to 65535',
  host: isText,
  concurrency: isCount,
  onStopped: isContinuation,
  onRecovered: isContinuation,
  tokensFile: isText,
  mask: (value) =>
    Array.isArray(value) && value.every((one) => isText(one) === undefined) ? undefined : 'a list of texts',
}

/** A sentence for each fault. What a module exports beside its config is none of it. */
export function configFaults(config: object, isWholeModule: boolean): readonly string[] {
  const { repository, server, webhooks } = config as Readonly<Record<string, unknown>>
  return [
    ...faultsOf(config, CONFIG_CHECKS, '', isWholeModule),
    ...(isObject(server) ? faultsOf(server, SERVER_CHECKS, 'server.', false) : []),
    ...(isObject(repository) ? faultsOf(repository, REPOSITORY_CHECKS, 'repository.', false) : []),
    ...(webhooks === undefined ? [] : webhookFaults(webhooks)),
  ]
}

function faultsOf(
  values: object,
  checks: Readonly<Record<string, Check>>,
  path: string,
  takesOthers: boolean,
): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => {
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined
    if (check === undefined) return takesOthers ? [] : [unknownOption(path, key, Object.keys(checks))]
    const wanted = value === undefined ? undefined : check(value)
    return wanted === undefined ? [] : [`${path}${key} is ${shown(path + key, value)}; it must be ${wanted}.`]
  })
}

function unknownOption(path: string, key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known)
  const hint =
    nearest === undefined ? `The options are ${known.join(', ')}.` : `Did you mean ${path}${nearest}?`
  return `${path}${key}: no such option. ${hint}`
}

/** A connection holds a password, also where it stands in the wrong place. */
function shown(key: string, value: unknown): string {
  const isSecret = key === 'repository' || key === 'repository.connection'
  return isSecret && typeof value === 'string' && value !== '' ? 'a text' : inspect(value, { depth: 0 })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
