/** What authors of tasklets, readers and writers need to work with Postgres: `batchwright/postgres`. */
export { copyIn } from './copy-in.ts'
export type { PostgresConnection } from './own-connection.ts'
export { DATA_SOURCE, ENTITY_MANAGER, entityManager, PG_CLIENT, PG_POOL, pgClient } from './resources.ts'
export type { ValueTypes } from './row-decoder.ts'
export { quoteIdentifier, type TableName } from './table-name.ts'
