/** Spring Batch 6's tables and sequences, as its schema-postgresql.sql makes them. What Spring has made already is left alone. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { type Names, namesOf } from './names.ts'

export class SpringBatchTables implements MigrationInterface {
  readonly name = 'SpringBatchTables1763769600001'

  async up(runner: QueryRunner): Promise<void> {
    const names = namesOf(runner)
    for (const statement of [...jobTables(names), ...stepTables(names), ...sequences(names)]) {
      await runner.query(statement)
    }
  }

  /** Refused: the tables may be Spring's. */
  async down(): Promise<void> {
    throw new Error('the tables of Spring Batch are never dropped by a migration')
  }
}

function jobTables({ table, prefix, quoted }: Names): readonly string[] {
  // The constraint's index has a name of its own in the schema, so a second prefix needs a second name.
  const instanceKey = quoted(prefix === 'batch_' ? 'job_inst_un' : `${prefix}job_inst_un`)
  return [
    `create table if not exists ${table('job_instance')} (
      job_instance_id bigint not null primary key,
      version bigint,
      job_name varchar(100) not null,
      job_key varchar(32) not null,
      constraint ${instanceKey} unique (job_name, job_key)
    )`,
    `create table if not exists ${table('job_execution')} (
      job_execution_id bigint not null primary key,
      version bigint,
      job_instance_id bigint not null,
      create_time timestamp not null,
      start_time timestamp default null,
      end_time timestamp default null,
      status varchar(10),
      exit_code varchar(2500),
      exit_message varchar(2500),
      last_updated timestamp,
      constraint job_inst_exec_fk foreign key (job_instance_id) references ${table('job_instance')} (job_instance_id)
    )`,
    `create table if not exists ${table('job_execution_params')} (
      job_execution_id bigint not null,
      parameter_name varchar(100) not null,
      parameter_type varchar(100) not null,
      parameter_value varchar(2500),
      identifying char(1) not null,
      constraint job_exec_params_fk foreign key (job_execution_id) references ${table('job_execution')} (job_execution_id)
    )`,
    `create table if not exists ${table('job_execution_context')} (
      job_execution_id bigint not null primary key,
      short_context varchar(2500) not null,
      serialized_context text,
      constraint job_exec_ctx_fk foreign key (job_execution_id) references ${table('job_execution')} (job_execution_id)
    )`,
  ]
}

function stepTables({ table }: Names): readonly string[] {
  return [
    `create table if not exists ${table('step_execution')} (
      step_execution_id bigint not null primary key,
      version bigint not null,
      step_name varchar(100) not null,
      job_execution_id bigint not null,
      create_time timestamp not null,
      start_time timestamp default null,
      end_time timestamp default null,
      status varchar(10),
      commit_count bigint,
      read_count bigint,
      filter_count bigint,
      write_count bigint,
      read_skip_count bigint,
      write_skip_count bigint,
      process_skip_count bigint,
      rollback_count bigint,
      exit_code varchar(2500),
      exit_message varchar(2500),
      last_updated timestamp,
      constraint job_exec_step_fk foreign key (job_execution_id) references ${table('job_execution')} (job_execution_id)
    )`,
    `create table if not exists ${table('step_execution_context')} (
      step_execution_id bigint not null primary key,
      short_context varchar(2500) not null,
      serialized_context text,
      constraint step_exec_ctx_fk foreign key (step_execution_id) references ${table('step_execution')} (step_execution_id)
    )`,
  ]
}

function sequences({ table }: Names): readonly string[] {
  return ['step_execution_seq', 'job_execution_seq', 'job_instance_seq'].map(
    (name) => `create sequence if not exists ${table(name)} maxvalue 9223372036854775807 no cycle`,
  )
}
