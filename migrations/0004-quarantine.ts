/** The items that were skipped, the batches in which they are redriven, and what was reconciled at each step's end. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { type Names, namesOf } from './names.ts'

/** Every key cascades, or lets go, so that Spring, which knows nothing of these tables, can still delete its rows. */
export class Quarantine implements MigrationInterface {
  readonly name = 'Quarantine1763769600004'

  async up(runner: QueryRunner): Promise<void> {
    const names = namesOf(runner)
    for (const statement of [...tables(names), ...indexes(names)]) await runner.query(statement)
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    for (const name of ['step_reconciliation', 'quarantine', 'quarantine_batch']) {
      await runner.query(`drop table ${table(name)}`)
    }
  }
}

/**
 * `json`, not `jsonb`: it keeps the text as it is, with every digit and with `\u0000`, which jsonb refuses. `former_id` and
 * `redriven_by` are no foreign keys: they say what happened, also when that is deleted.
 */
function tables({ table }: Names): readonly string[] {
  const execution = `${table('job_execution')} (job_execution_id)`
  const instance = `${table('job_instance')} (job_instance_id)`
  const step = `${table('step_execution')} (step_execution_id)`
  return [
    `create table ${table('quarantine_batch')} (
      quarantine_batch_id bigint generated always as identity primary key,
      origin_job_execution_id bigint not null references ${execution} on delete cascade,
      redrive_job_instance_id bigint references ${instance} on delete set null,
      created_at timestamptz not null
    )`,
    `create table ${table('quarantine')} (
      quarantine_id bigint generated always as identity primary key,
      job_execution_id bigint not null references ${execution} on delete cascade,
      step_execution_id bigint not null references ${step} on delete cascade,
      job_name varchar(100) not null,
      step_name varchar(100) not null,
      phase text not null,
      payload_kind text not null,
      payload json not null,
      cut_reason text,
      position json not null,
      error_type text not null,
      error_message text not null,
      quarantined_at timestamptz not null,
      former_id bigint,
      quarantine_batch_id bigint references ${table('quarantine_batch')} on delete set null,
      redriven_at timestamptz,
      redriven_by bigint
    )`,
    `create table ${table('step_reconciliation')} (
      step_execution_id bigint not null primary key references ${step} on delete cascade,
      read_count bigint not null,
      write_count bigint not null,
      filter_count bigint not null,
      process_skip_count bigint not null,
      write_skip_count bigint not null,
      read_skip_count bigint not null,
      balanced boolean not null
    )`,
  ]
}

function indexes({ table, quoted, prefix }: Names): readonly string[] {
  const quarantine = table('quarantine')
  const batch = table('quarantine_batch')
  const definitions: readonly (readonly [name: string, definition: string])[] = [
    ['quarantine_by_execution', `${quarantine} (job_execution_id, quarantine_id)`],
    ['quarantine_by_step_execution', `${quarantine} (step_execution_id)`],
    ['quarantine_by_job', `${quarantine} (job_name, quarantine_id)`],
    [
      'quarantine_by_batch',
      `${quarantine} (quarantine_batch_id, step_name, quarantine_id) where quarantine_batch_id is not null`,
    ],
    ['quarantine_by_former', `${quarantine} (former_id) where former_id is not null`],
    ['quarantine_batch_by_origin', `${batch} (origin_job_execution_id)`],
    ['quarantine_batch_by_redrive', `${batch} (redrive_job_instance_id)`],
  ]
  return definitions.map(([name, definition]) => `create index ${quoted(prefix + name)} on ${definition}`)
}
