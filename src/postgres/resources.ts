/** The Postgres objects that travel through the core as resources, and how authors get at them. */
import type { ClientBase, Pool } from 'pg'
import type { DataSource, EntityManager } from 'typeorm'
import { type ResourceKey, resourceKey, type Transaction } from '../core/ports/resource.ts'

/** Inside a chunk's or a tasklet's transaction: the connection that runs it. */
export const PG_CLIENT: ResourceKey<ClientBase> = resourceKey('pg client')
/** Inside a transaction: TypeORM's manager on the same connection; its own `transaction()` becomes a savepoint. */
export const ENTITY_MANAGER: ResourceKey<EntityManager> = resourceKey('typeorm entity manager')
/** Outside a transaction: the pool of the job repository. */
export const PG_POOL: ResourceKey<Pool> = resourceKey('pg pool')
/**
 * Outside a transaction, for connections that are held as long as a step or partition is at work, one each: opened as they are
 * needed. Were they taken from the pool, steps side by side could each hold one and wait for ever for a second.
 */
export const PG_SESSIONS: ResourceKey<Pool> = resourceKey('pg sessions')
/** Outside a transaction: the data source of the job repository. */
export const DATA_SOURCE: ResourceKey<DataSource> = resourceKey('typeorm data source')

/**
 * The `pg` client of a chunk's or tasklet's transaction: what is written through it is committed together with the
 * step's progress, or not at all. Do not send BEGIN, COMMIT or ROLLBACK; savepoints are yours.
 * @throws BatchError TRANSACTION_RESOURCE_MISSING when the job repository is not Postgres.
 */
export function pgClient(transaction: Transaction): ClientBase {
  return transaction.resource(PG_CLIENT)
}

/** TypeORM's EntityManager in the same transaction, for authors who write through entities. */
export function entityManager(transaction: Transaction): EntityManager {
  return transaction.resource(ENTITY_MANAGER)
}
