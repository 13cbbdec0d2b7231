/** Indexes that keep lists of executions flat over a long history: by trouble, time, trigger, parameter and word. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { createIndexes, dropIndexes, type NamedIndex } from './index-list.ts'
import type { Names } from './names.ts'

export class ListIndexes implements MigrationInterface {
  readonly name = 'ListIndexes1763769600012'

  async up(runner: QueryRunner): Promise<void> {
    await createIndexes(runner, definitions)
  }

  async down(runner: QueryRunner): Promise<void> {
    await dropIndexes(runner, definitions)
  }
}

/**
 * Statuses and expressions stand here as they were at the release, and in the queries as they stand here: another one would not be
 * found in the index. A parameter's value may be longer than an index row, hence its beginning.
 */
function definitions({ table }: Names): readonly NamedIndex[] {
  return [
    [
      'job_execution_troubled',
      `${table('job_execution')} (job_execution_id) include (status, job_instance_id)
        where status in ('FAILED', 'STOPPED', 'UNKNOWN', 'ABANDONED')`,
    ],
    ['job_execution_by_time', `${table('job_execution')} (create_time)`],
    ['job_execution_times', `${table('job_execution')} (job_execution_id) include (create_time)`],
    [
      'job_execution_words',
      `${table('job_execution')} using gin
        (to_tsvector('simple', regexp_replace(exit_message, '[^[:alnum:]]+', ' ', 'g')))`,
    ],
    [
      'params_by_value',
      `${table('job_execution_params')} (left(parameter_value, 100) text_pattern_ops, job_execution_id)`,
    ],
    ['launch_by_trigger', `${table('job_execution_launch')} (trigger_type, job_execution_id)`],
    [
      'launch_by_trigger_name',
      `${table('job_execution_launch')} (trigger_name, job_execution_id) where trigger_name is not null`,
    ],
  ]
}
