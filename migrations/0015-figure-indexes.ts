/** Indexes for figures that are asked for again and again: what webhooks were not brought, and what began and ended in which hour. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { type Names, namesOf } from './names.ts'

export class FigureIndexes implements MigrationInterface {
  readonly name = 'FigureIndexes1763769600015'

  async up(runner: QueryRunner): Promise<void> {
    const names = namesOf(runner)
    for (const [name, definition] of definitions(names))
      await runner.query(`create index ${names.quoted(names.prefix + name)} on ${definition}`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const names = namesOf(runner)
    for (const [name] of definitions(names)) await runner.query(`drop index ${names.table(name)}`)
  }
}

function definitions({ table }: Names): readonly (readonly [name: string, definition: string])[] {
  return [
    [
      'webhook_delivery_given_up',
      `${table('webhook_delivery')} (endpoint_name) where given_up_at is not null`,
    ],
    ['job_execution_by_start', `${table('job_execution')} (start_time) where start_time is not null`],
    [
      'job_execution_by_end',
      `${table('job_execution')} (end_time) include (status) where end_time is not null`,
    ],
  ]
}
