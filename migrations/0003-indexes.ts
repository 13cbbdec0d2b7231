/** Indexes that keep a launch flat over a long history, and the one that allows an instance a single live execution. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { type Names, namesOf } from './names.ts'

export class Indexes implements MigrationInterface {
  readonly name = 'Indexes1763769600003'

  async up(runner: QueryRunner): Promise<void> {
    const names = namesOf(runner)
    for (const [name, definition] of definitions(names)) {
      const unique = name === 'job_execution_one_live' ? 'unique ' : ''
      await runner.query(`create ${unique}index ${names.quoted(names.prefix + name)} on ${definition}`)
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    const names = namesOf(runner)
    for (const [name] of definitions(names)) await runner.query(`drop index ${names.table(name)}`)
  }
}

/** The statuses stand here as they were at the release: a later list would not change the index. */
function definitions({ table }: Names): readonly (readonly [name: string, definition: string])[] {
  return [
    ['job_instance_by_name', `${table('job_instance')} (job_name, job_instance_id)`],
    ['job_execution_by_instance', `${table('job_execution')} (job_instance_id, job_execution_id)`],
    ['params_by_execution', `${table('job_execution_params')} (job_execution_id)`],
    ['step_execution_by_execution', `${table('step_execution')} (job_execution_id, step_name)`],
    [
      'job_execution_one_live',
      `${table('job_execution')} (job_instance_id) where status in ('STARTING', 'STARTED', 'STOPPING')`,
    ],
  ]
}
