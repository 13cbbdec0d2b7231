/** What has happened, written by the statements that do it; and what webhooks are sent of it, to whom, with what success. */
import type { MigrationInterface, QueryRunner } from 'typeorm'
import { namesOf } from './names.ts'

export class Events implements MigrationInterface {
  readonly name = 'Events1763769600010'

  async up(runner: QueryRunner): Promise<void> {
    const { table, quoted, prefix } = namesOf(runner)
    // The transaction is recorded because events become visible in the order of commits, not in that of their ids.
    await runner.query(`create table ${table('event')} (
      event_id bigint generated always as identity primary key,
      xid xid8 not null default pg_current_xact_id(),
      event_type varchar(40) not null,
      occurred_at timestamptz not null default clock_timestamp(),
      job_execution_id bigint references ${table('job_execution')} (job_execution_id) on delete cascade,
      status varchar(10),
      schedule_name varchar(100),
      job_name varchar(100),
      first_slot timestamptz,
      last_slot timestamptz,
      slots bigint,
      detail text
    )`)
    await runner.query(`create index ${quoted(`${prefix}event_by_xid`)} on ${table('event')} (xid)`)
    await runner.query(`create index ${quoted(`${prefix}event_by_time`)} on ${table('event')} (occurred_at)`)
    await runner.query(
      `create index ${quoted(`${prefix}event_by_execution`)} on ${table('event')} (job_execution_id)`,
    )
    await runner.query(`create table ${table('webhook_endpoint')} (
      endpoint_name varchar(100) not null primary key,
      registered_at timestamptz not null default clock_timestamp(),
      cursor text not null,
      disabled_at timestamptz,
      disabled_reason text
    )`)
    // Without a reference to the event: what is to be sent outlives a purge of the execution.
    await runner.query(`create table ${table('webhook_delivery')} (
      delivery_id bigint generated always as identity primary key,
      endpoint_name varchar(100) not null
        references ${table('webhook_endpoint')} (endpoint_name) on delete cascade,
      event_id bigint not null,
      event_type varchar(40) not null,
      message_id varchar(60) not null default 'msg_' || gen_random_uuid(),
      payload text not null,
      created_at timestamptz not null default clock_timestamp(),
      attempts integer not null default 0,
      first_attempt_at timestamptz,
      next_attempt_at timestamptz default clock_timestamp(),
      delivered_at timestamptz,
      given_up_at timestamptz,
      last_error text,
      unique (endpoint_name, event_id)
    )`)
    await runner.query(
      `create index ${quoted(`${prefix}webhook_delivery_due`)} on ${table('webhook_delivery')}
        (endpoint_name, next_attempt_at) where next_attempt_at is not null`,
    )
    await runner.query(
      `create index ${quoted(`${prefix}webhook_delivery_by_time`)} on ${table('webhook_delivery')} (created_at)`,
    )
  }

  async down(runner: QueryRunner): Promise<void> {
    const { table } = namesOf(runner)
    for (const name of ['webhook_delivery', 'webhook_endpoint', 'event'])
      await runner.query(`drop table ${table(name)}`)
  }
}
