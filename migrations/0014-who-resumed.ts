/** Who has resumed a schedule last. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class WhoResumed implements MigrationInterface {
  readonly name = 'WhoResumed1763769600014'

  async up(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`alter table ${table('schedule')} add column resumed_by varchar(200)`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`alter table ${table('schedule')} drop column resumed_by`)
  }
}
