/** The Postgres a newcomer gets without installing one: what other folders may import of it. */

export { startEmbeddedPostgres } from './start-embedded-postgres.ts'
export type {
  EmbeddedPostgres,
  EmbeddedPostgresConnection,
  EmbeddedPostgresOptions,
} from './start-embedded-postgres.ts'
