/** Where a path's process finds its servers, topics and tables. Made of JSON, to be handed to it. */
import type { PostgresRepositoryOptions } from 'batchwright/repository/postgres'

export interface PathWorld {
  readonly repository: PostgresRepositoryOptions & { readonly schema: string }
  readonly brokers: string
  readonly cassandra: { readonly contactPoints: readonly string[]; readonly localDataCenter: string }
  /** Of files. It is there, and goes with the run. */
  readonly folder: string
  /** Names topics, tables, files and keyspaces of one run of one path. */
  readonly run: string
}

/** The table of a run, in the repository's schema. */
export function tableOf({ repository, run }: PathWorld, role: 'source' | 'target'): string {
  return `${repository.schema}.${run}_${role}`
}

export function topicOf({ run }: PathWorld, role: 'source' | 'target'): string {
  return `${run}-${role}`
}
