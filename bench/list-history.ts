/** A job repository with years of history, made inside the server: as many executions as are asked for, five steps each. */
import { Client, type ClientConfig } from 'pg'
import { migrateRepository } from 'batchwright/repository/postgres'

export const JOBS = 60
export const YEARS = 3

/**
 * Job `job-1` has the most executions, `job-60` few, and `retired` ran in the first year only. Five of a hundred executions failed, most
 * of which were restarted; the last ones run, some without a living owner. Made once, and kept for the next run.
 */
export async function makeHistory(
  connection: ClientConfig,
  schema: string,
  executions: number,
): Promise<void> {
  const client = new Client(connection)
  await client.connect()
  try {
    if (await isThere(client, connection, schema, executions)) return
    await client.query(`drop schema if exists ${schema} cascade`)
    await migrateRepository({ connection, schema })
    await client.query(`set search_path = ${schema}; set synchronous_commit = off; set work_mem = '64MB'`)
    for (const statement of statements(executions)) await client.query(statement)
    await client.query('vacuum analyze')
  } finally {
    await client.end()
  }
}

/** With the indexes as they are now. */
async function isThere(
  client: Client,
  connection: ClientConfig,
  schema: string,
  executions: number,
): Promise<boolean> {
  try {
    await migrateRepository({ connection, schema })
    const { rows } = await client.query<{ count: string }>(
      `select count(*) from ${schema}.batch_step_execution`,
    )
    return Number(rows[0]?.count) >= 5 * executions
  } catch {
    return false
  }
}

function statements(executions: number): readonly string[] {
  const series = `generate_series(1, ${executions}) n`
  const restarted = 'n % 20 = 0 and n > 20'
  return [
    `create temporary table made as
      select n, case when ${restarted} then n - 7 else n end as instance,
        case when n % 53 = 0 and n < ${executions / YEARS} then 'retired'
          else 'job-' || (1 + floor(${JOBS} * power(((n::bigint * 7919) % 1009) / 1009.0, 2)))::int end as job,
        case when n % 20 = 13 or n % 400 = 3 then 'FAILED'
          when n > ${executions} - 30 then 'STARTED'
          when n % 1000 = 501 then 'STOPPED'
          when n % 2000 = 777 then 'ABANDONED'
          else 'COMPLETED' end as status,
        date_trunc('second', localtimestamp) - (${executions} - n) * interval '${YEARS} years' / ${executions} as at,
        1 + (n::bigint * 7907 % 1800) as seconds
      from ${series}`,
    `insert into batch_job_instance (job_instance_id, version, job_name, job_key)
      select n, 0, job, md5(n::text) from made where not (${restarted})`,
    `insert into batch_job_execution (job_execution_id, version, job_instance_id, create_time, start_time, end_time, status,
        exit_code, exit_message, last_updated)
      select n, 2, instance, at, at, case when status = 'STARTED' then null else at + seconds * interval '1 second' end,
        status, status, case status
          when 'FAILED' then 'BatchError [' || (array['WRITE_FAILED', 'READ_FAILED', 'SKIP_LIMIT_EXCEEDED'])[1 + n % 3]
            || ']: chunk ' || n % 977 || ' of step "load" could not be written: customer ' || n
            || repeat(E'\\n    at Object.write (writer.js:12:7)', 20)
          when 'STOPPED' then 'stopped by anna' else '' end, at
      from made`,
    `insert into batch_job_execution_params (job_execution_id, parameter_name, parameter_type, parameter_value, identifying)
      select made.n, one.* from made cross join lateral (values
          ('businessDate', 'java.time.LocalDate', to_char(at, 'YYYY-MM-DD'), 'Y'),
          ('file', 'java.lang.String', '/in/' || job || '/trades-' || n || '.csv', 'Y'),
          ('region', 'java.lang.String', (array['EU', 'US', 'APAC', 'LATAM'])[1 + n % 4], 'N')) one`,
    `insert into batch_job_execution_owner (job_execution_id, generation, host, pid, since)
      select n, 1, 'batch-' || n % 5, 4711, at from made`,
    `insert into batch_job_execution_heartbeat (job_execution_id, heartbeat_at, lease_expires_at)
      select n, at, case when status = 'STARTED' and n % 5 > 0 then now() + interval '1 day' else at end from made`,
    `insert into batch_job_execution_launch (job_execution_id, trigger_type, trigger_name, runner)
      select n, case when n % 100 < 70 then 'schedule' when n % 100 < 90 then 'external' when n % 100 < 96 then 'command'
          when n % 100 < 99 then 'http' else 'program' end,
        case when n % 100 < 70 then 'nightly ' || job when n % 100 < 90 then 'airflow:' || job end, 'server' from made`,
    `insert into batch_step_execution (step_execution_id, version, step_name, job_execution_id, create_time, start_time, end_time,
        status, commit_count, read_count, filter_count, write_count, read_skip_count, write_skip_count, process_skip_count,
        rollback_count, exit_code, exit_message, last_updated)
      select n * 5 + s, 3, 'step-' || s, n, at, at, at + seconds * interval '1 second', status, 10, 1000, 0, 1000, 0, 0, 0, 0,
        status, '', at
      from made cross join generate_series(1, 5) s`,
    `select setval('batch_job_instance_seq', ${executions}), setval('batch_job_execution_seq', ${executions}),
      setval('batch_step_execution_seq', ${5 * executions + 5})`,
  ]
}
