/** The names that a migration works on: the schema and the prefix of the data source it runs in. */
import { escapeIdentifier } from 'pg'
import type { QueryRunner } from 'typeorm'

export interface Names {
  readonly prefix: string
  /** Schema-qualified and quoted, for tables, sequences and dropped indexes. */
  readonly table: (name: string) => string
  readonly quoted: (name: string) => string
}

export function namesOf(runner: QueryRunner): Names {
  const { schema = 'public', entityPrefix: prefix = '' } = runner.dataSource.options as {
    schema?: string
    entityPrefix?: string
  }
  return {
    prefix,
    quoted: escapeIdentifier,
    table: (name) => `${escapeIdentifier(schema)}.${escapeIdentifier(prefix + name)}`,
  }
}
