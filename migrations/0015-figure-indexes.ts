/** Indexes for figures that are asked for again and again: what webhooks were not brought, and what began and ended in which hour. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { createIndexes, dropIndexes, type NamedIndex } from './index-list.ts'
import type { Names } from './names.ts'

export class FigureIndexes implements MigrationInterface {
  readonly name = 'FigureIndexes1763769600015'

  async up(runner: QueryRunner): Promise<void> {
    await createIndexes(runner, definitions)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropIndexes(runner, definitions)
  }
}

function definitions({ table }: Names): readonly NamedIndex[] {
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
