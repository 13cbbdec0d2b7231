/** What each execution was defined as when it was launched, so that a restart can tell what has changed since. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class Definitions implements MigrationInterface {
  readonly name = 'Definitions1763769600005'

  async up(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`create table ${table('job_execution_definition')} (
      job_execution_id bigint not null primary key
        references ${table('job_execution')} (job_execution_id) on delete cascade,
      definition jsonb not null
    )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`drop table ${table('job_execution_definition')}`)
  }
}
