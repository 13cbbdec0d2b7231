/** Finds what was interrupted without a look at every launch. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class Interruptions implements MigrationInterface {
  readonly name = 'Interruptions1763769600012'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    await runner.query(
      `create index ${quoted(`${prefix}job_execution_action_interrupt`)}
        on ${table('job_execution_action')} (job_execution_id) where action = 'interrupt'`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    await runner.query(`drop index ${table('job_execution_action_interrupt')}`)
  }
}
