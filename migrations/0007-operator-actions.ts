/** Who launched, stopped, abandoned or recovered an execution, and when. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class OperatorActions implements MigrationInterface {
  readonly name = 'OperatorActions1763769600007'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    // Without a key of its own: rows are only ever added, and found by their execution.
    await runner.query(`create table ${table('job_execution_action')} (
      job_execution_id bigint not null references ${table('job_execution')} (job_execution_id) on delete cascade,
      action varchar(20) not null,
      requested_at timestamptz not null,
      requested_by varchar(200) not null
    )`)
    await runner.query(
      `create index ${quoted(`${prefix}job_execution_action_by_execution`)}
        on ${table('job_execution_action')} (job_execution_id)`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`drop table ${table('job_execution_action')}`)
  }
}
