/** Where executions are recorded, by the environment and the config. Nothing is opened here. */
import { join, resolve } from 'node:path'
import type { JobRepository } from '../core/ports/job-repository.ts'
import type { BatchwrightConfig, RepositoryConfig } from './config.ts'
import type { Project } from './find-project.ts'

export type RepositoryPlace =
  | { readonly kind: 'memory' }
  | { readonly kind: 'given'; readonly open: () => JobRepository | Promise<JobRepository> }
  | {
      readonly kind: 'postgres'
      readonly connection: string
      /** For messages: what named the connection. Its value is a secret. */
      readonly source: string
      readonly tables: TableOptions
    }
  | { readonly kind: 'embedded'; readonly directory: string; readonly tables: TableOptions }

export interface TableOptions {
  readonly schema?: string
  readonly tablePrefix?: string
  readonly poolSize?: number
  readonly leaseMilliseconds?: number
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * | | |
 * |---|---|
 * | BATCHWRIGHT_DATABASE_URL | meant for us alone, so it comes first |
 * | the config's `repository` | says it for this project |
 * | DATABASE_URL | the application's database, which we share |
 * | nothing | the embedded Postgres |
 *
 * BATCHWRIGHT_SCHEMA and BATCHWRIGHT_TABLE_PREFIX come before the config's `schema` and `tablePrefix`.
 */
export function repositoryPlace(project: Project, environment: Environment): RepositoryPlace {
  const configured = project.config.repository
  const options = typeof configured === 'object' ? configured : {}
  const tables = tableOptions(project.config, options, environment)
  const ours = given(environment, 'BATCHWRIGHT_DATABASE_URL')
  if (ours !== undefined)
    return { kind: 'postgres', connection: ours, source: 'BATCHWRIGHT_DATABASE_URL', tables }
  if (configured === 'memory') return { kind: 'memory' }
  if (typeof configured === 'function') return { kind: 'given', open: configured }
  const { connection } = options
  if (connection !== undefined)
    return { kind: 'postgres', connection, source: "the config's repository.connection", tables }
  const shared = given(environment, 'DATABASE_URL')
  if (shared !== undefined && options.directory === undefined)
    return { kind: 'postgres', connection: shared, source: 'DATABASE_URL', tables }
  const directory = resolve(project.folder, options.directory ?? join('.batchwright', 'postgres'))
  return { kind: 'embedded', directory, tables }
}

function tableOptions(
  { leaseMilliseconds }: BatchwrightConfig,
  options: RepositoryConfig,
  environment: Environment,
): TableOptions {
  const schema = given(environment, 'BATCHWRIGHT_SCHEMA') ?? options.schema
  const tablePrefix = given(environment, 'BATCHWRIGHT_TABLE_PREFIX') ?? options.tablePrefix
  const { poolSize } = options
  return {
    ...(schema === undefined ? {} : { schema }),
    ...(tablePrefix === undefined ? {} : { tablePrefix }),
    ...(poolSize === undefined ? {} : { poolSize }),
    ...(leaseMilliseconds === undefined ? {} : { leaseMilliseconds }),
  }
}

/** A variable that is set to nothing counts as not set. */
function given(environment: Environment, name: string): string | undefined {
  const value = environment[name]
  return value === '' ? undefined : value
}
