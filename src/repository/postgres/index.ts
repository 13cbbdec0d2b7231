/** `batchwright/repository/postgres`: the job repository in a Postgres of your own. */
export { migrateRepository, type MigrationReport, repositoryStatus } from './migrate.ts'
export { postgresRepository } from './postgres-repository.ts'
export type { PostgresRepositoryOptions } from './repository-options.ts'
export type { SchemaStatus } from './schema-status.ts'
