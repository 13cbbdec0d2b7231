/** Partitions of steps: the plan that is stored once, the executions of each part, and the workers that claim them. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

/** Every key cascades, so that Spring, which knows nothing of these tables, can still delete its rows. */
export class Partitions implements MigrationInterface {
  readonly name = 'Partitions1763769600006'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    const step = `${table('step_execution')} (step_execution_id)`
    // The status is STARTING while nobody has claimed the partition, then that of its latest step execution.
    await runner.query(`create table ${table('step_partition')} (
      plan_id bigint not null references ${step} on delete cascade,
      ordinal integer not null,
      name varchar(100) not null,
      value text not null,
      status varchar(10) not null,
      step_execution_id bigint references ${step} on delete set null,
      worker_id uuid,
      primary key (plan_id, ordinal),
      unique (plan_id, name)
    )`)
    // A claim finds the next one in a step, however many are done.
    await runner.query(
      `create index ${quoted(`${prefix}step_partition_open`)}
        on ${table('step_partition')} (plan_id, ordinal) where status = 'STARTING'`,
    )
    await runner.query(
      `create index ${quoted(`${prefix}step_partition_by_execution`)} on ${table('step_partition')} (step_execution_id)`,
    )
    await runner.query(`create table ${table('step_partition_worker')} (
      worker_id uuid not null primary key,
      job_execution_id bigint not null references ${table('job_execution')} (job_execution_id) on delete cascade,
      host text not null,
      pid integer not null,
      boot_id text,
      pid_namespace text,
      process_start text,
      since timestamptz not null,
      heartbeat_at timestamptz not null,
      lease_expires_at timestamptz,
      retired_at timestamptz
    ) with (fillfactor = 50)`)
    await runner.query(
      `create index ${quoted(`${prefix}step_partition_worker_by_job`)}
        on ${table('step_partition_worker')} (job_execution_id)`,
    )
    await runner.query(`create table ${table('step_partition_execution')} (
      step_execution_id bigint not null primary key references ${step} on delete cascade,
      plan_id bigint not null,
      ordinal integer not null,
      worker_id uuid not null
    )`)
    await runner.query(
      `create index ${quoted(`${prefix}step_partition_execution_of`)}
        on ${table('step_partition_execution')} (plan_id, ordinal)`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    for (const name of ['step_partition_execution', 'step_partition_worker', 'step_partition']) {
      await runner.query(`drop table ${table(name)}`)
    }
  }
}
