/** What made each execution begin, what kind of process runs it, and the keys by which a launch is known when it is asked for again. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class Launches implements MigrationInterface {
  readonly name = 'Launches1763769600009'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    await runner.query(`create table ${table('job_execution_launch')} (
      job_execution_id bigint not null primary key
        references ${table('job_execution')} (job_execution_id) on delete cascade,
      trigger_type varchar(20) not null,
      trigger_name varchar(200),
      runner varchar(20) not null,
      caller varchar(200),
      launch_key varchar(200),
      request_hash varchar(200)
    )`)
    await runner.query(
      `create unique index ${quoted(`${prefix}job_execution_launch_key`)}
        on ${table('job_execution_launch')} (caller, launch_key) where launch_key is not null`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`drop table ${table('job_execution_launch')}`)
  }
}
