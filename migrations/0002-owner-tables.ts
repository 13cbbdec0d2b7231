/** Who runs an execution: owner and generation, heartbeat and lease, and the Postgres backends of its running steps. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

/** Every key cascades, so that Spring, which knows nothing of these tables, can still delete its rows. */
export class OwnerTables implements MigrationInterface {
  readonly name = 'OwnerTables1763769600002'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    const execution = `${table('job_execution')} (job_execution_id) on delete cascade`
    await runner.query(`create table ${table('job_execution_owner')} (
      job_execution_id bigint not null primary key references ${execution},
      generation bigint not null,
      host text not null,
      pid integer not null,
      boot_id text,
      pid_namespace text,
      process_start text,
      since timestamptz not null
    )`)
    // Apart from the owner, so that a heartbeat never waits for a commit that holds the fence.
    await runner.query(`create table ${table('job_execution_heartbeat')} (
      job_execution_id bigint not null primary key references ${execution},
      heartbeat_at timestamptz not null,
      lease_expires_at timestamptz not null
    ) with (fillfactor = 50)`)
    await runner.query(`create table ${table('step_execution_backend')} (
      step_execution_id bigint not null primary key
        references ${table('step_execution')} (step_execution_id) on delete cascade,
      job_execution_id bigint not null references ${execution},
      backend_pid integer not null,
      backend_start timestamptz not null
    )`)
    await runner.query(
      `create index ${quoted(`${prefix}step_execution_backend_by_execution`)}
        on ${table('step_execution_backend')} (job_execution_id)`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    for (const name of ['step_execution_backend', 'job_execution_heartbeat', 'job_execution_owner']) {
      await runner.query(`drop table ${table(name)}`)
    }
  }
}
