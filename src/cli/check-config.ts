/** What the compiler does not see in a config: one in JavaScript, or one that was cast. */
import { inspect } from 'node:util'
import { nearestName } from '../core/model/nearest-name.ts'
import { webhookFaults } from '../webhooks/webhook-config.ts'
import { type BatchwrightConfig, LOG_LEVELS, type RepositoryConfig } from './config.ts'

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

/** A sentence for each fault. What a module exports beside its config is none of it. */
export function configFaults(config: object, isWholeModule: boolean): readonly string[] {
  const { repository, webhooks } = config as { readonly repository?: unknown; readonly webhooks?: unknown }
  return [
    ...faultsOf(config, CONFIG_CHECKS, '', isWholeModule),
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
