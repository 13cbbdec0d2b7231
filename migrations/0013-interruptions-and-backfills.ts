/** Finds what was interrupted without a look at every launch; slots that wait as part of a backfill; since when a schedule is resumed. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class InterruptionsAndBackfills implements MigrationInterface {
  readonly name = 'InterruptionsAndBackfills1763769600013'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    await runner.query(
      `create index ${quoted(`${prefix}job_execution_action_interrupt`)}
        on ${table('job_execution_action')} (job_execution_id) where action = 'interrupt'`,
    )
    await runner.query(`alter table ${table('schedule')} add column resumed_at timestamptz`)
    await runner.query(`alter table ${table('schedule_fire')} add column max_active integer`)
    await runner.query(`drop index ${table('schedule_fire_queued')}`)
    await runner.query(
      `create index ${quoted(`${prefix}schedule_fire_queued`)}
        on ${table('schedule_fire')} (schedule_name, (max_active is not null), slot) where outcome = 'QUEUED'`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    await runner.query(`drop index ${table('job_execution_action_interrupt')}`)
    await runner.query(`alter table ${table('schedule')} drop column resumed_at`)
    await runner.query(`drop index ${table('schedule_fire_queued')}`)
    await runner.query(`alter table ${table('schedule_fire')} drop column max_active`)
    await runner.query(
      `create index ${quoted(`${prefix}schedule_fire_queued`)}
        on ${table('schedule_fire')} (schedule_name, slot) where outcome = 'QUEUED'`,
    )
  }
}
