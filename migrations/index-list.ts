/** Migrations that add indexes and nothing else. */
import type { QueryRunner } from 'typeorm'
import { type Names, namesOf } from './names.ts'

/** Its definition is what stands behind `on`. */
export type NamedIndex = readonly [name: string, definition: string]

export async function createIndexes(
  runner: QueryRunner,
  indexesOf: (names: Names) => readonly NamedIndex[],
): Promise<void> {
  const names = namesOf(runner)
  for (const [name, definition] of indexesOf(names))
    await runner.query(`create index ${names.quoted(names.prefix + name)} on ${definition}`)
}

export async function dropIndexes(
  runner: QueryRunner,
  indexesOf: (names: Names) => readonly NamedIndex[],
): Promise<void> {
  const names = namesOf(runner)
  for (const [name] of indexesOf(names)) await runner.query(`drop index ${names.table(name)}`)
}
