/** The fire ledger: what became of each slot of a schedule; and the schedules themselves, with who has paused them. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class Schedules implements MigrationInterface {
  readonly name = 'Schedules1763769600008'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    await runner.query(`create table ${table('schedule')} (
      schedule_name varchar(100) not null primary key,
      registered_at timestamptz not null,
      covered_until timestamptz not null,
      paused_at timestamptz,
      paused_by varchar(200),
      pause_note text
    )`)
    // The execution may be deleted, by Spring too: that the slot was fired stays true.
    await runner.query(`create table ${table('schedule_fire')} (
      schedule_name varchar(100) not null,
      slot timestamptz not null,
      outcome varchar(20) not null,
      job_execution_id bigint references ${table('job_execution')} (job_execution_id) on delete set null,
      fired_by varchar(200) not null,
      fired_at timestamptz not null,
      detail text,
      primary key (schedule_name, slot)
    )`)
    await runner.query(
      `create index ${quoted(`${prefix}schedule_fire_by_execution`)}
        on ${table('schedule_fire')} (job_execution_id)`,
    )
    await runner.query(
      `create index ${quoted(`${prefix}schedule_fire_queued`)}
        on ${table('schedule_fire')} (schedule_name, slot) where outcome = 'QUEUED'`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    for (const name of ['schedule_fire', 'schedule']) await runner.query(`drop table ${table(name)}`)
  }
}
