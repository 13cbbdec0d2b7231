/** How far steps had come at moments of their run. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class StepSamples implements MigrationInterface {
  readonly name = 'StepSamples1763769600011'

  async up(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`create table ${table('step_sample')} (
      step_execution_id bigint not null references ${table('step_execution')} (step_execution_id) on delete cascade,
      sample_number bigint not null,
      sampled_at timestamptz not null,
      read_count bigint not null,
      write_count bigint not null,
      filter_count bigint not null,
      skip_count bigint not null,
      commit_count bigint not null,
      rollback_count bigint not null,
      progress_done double precision,
      progress_total double precision,
      progress_unit text,
      primary key (step_execution_id, sample_number)
    )`)
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`drop table ${table('step_sample')}`)
  }
}
