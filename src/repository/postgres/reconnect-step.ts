/** A fresh connection for a step whose own has died, and the truth about its last commit. */
import { setTimeout as wait } from 'node:timers/promises'
import type { BatchStatus } from '../../core/model/batch-status.ts'
import { THIS_BACKEND } from './begin-step.ts'
import { fenceSql, proofSql, type RunSql } from './fence.ts'
import { isConnectionLoss } from './postgres-errors.ts'
import { decodeStatus } from './rows.ts'
import type { StepConnection } from './step-connection.ts'
import type { StepAt } from './step-statements.ts'
import type { TableNames } from './table-names.ts'

export interface FoundStep {
  readonly version: number
  readonly status: BatchStatus
  readonly jobStatus: BatchStatus
}

/** A server that restarts is back within it; well below the lease. */
const PATIENCE_MILLISECONDS = 5_000
const PAUSE_MILLISECONDS = 100
const BACKEND_END_MILLISECONDS = 5_000

/** @throws what the last try threw */
export function reconnect(connection: StepConnection, tables: TableNames, at: StepAt): Promise<FoundStep> {
  return untilReachable(async () => {
    await connection.replace()
    await endFormerBackend(connection.run, tables, at.stepExecutionId)
    return registerBackend(connection.run, tables, at)
  })
}

/**
 * Does it again while connections are lost, for as long as a server may need to restart: counted from the first loss, since
 * before that it may have waited for its turn. @throws what the last try threw
 */
export async function untilReachable<T>(action: () => Promise<T>): Promise<T> {
  let deadline: number | undefined
  for (;;) {
    try {
      return await action()
    } catch (error) {
      deadline ??= performance.now() + PATIENCE_MILLISECONDS
      if (!isConnectionLoss(error) || performance.now() > deadline) throw error
      await wait(PAUSE_MILLISECONDS)
    }
  }
}

/**
 * The old session may still have our COMMIT before it, where only the network between us was lost. Once it is gone, what
 * the step's row says is final.
 */
async function endFormerBackend(run: RunSql, tables: TableNames, stepExecutionId: string): Promise<void> {
  await run(
    `select pg_terminate_backend(b.backend_pid, ${BACKEND_END_MILLISECONDS})
      from ${tables.backend} b
      cross join lateral pg_stat_get_activity(b.backend_pid) a
      where b.step_execution_id = $1 and a.backend_start = b.backend_start and pg_has_role(a.usesysid, 'usage')`,
    [stepExecutionId],
  )
}

/** Registers the new session. Locks: owner (shared), then the step, which waits for a commit that is still under way. */
export async function registerBackend(run: RunSql, tables: TableNames, at: StepAt): Promise<FoundStep> {
  const [row] = await run<{ version: string; status: string; jobStatus: string }>(
    `with ${fenceSql(tables)}, step as materialized (
      select version, status from ${tables.stepExecution}
        where step_execution_id = $3 and exists (select 1 from fence) for update
    ), backend as (
      insert into ${tables.backend} (step_execution_id, job_execution_id, backend_pid, backend_start)
        select $3, $1, pg_backend_pid(), ${THIS_BACKEND} from step
        on conflict (step_execution_id) do update
          set backend_pid = excluded.backend_pid, backend_start = excluded.backend_start
        returning 1
    )
    select ${proofSql('backend')}, (select version from step) as "version", (select status from step) as "status",
      (select status from ${tables.jobExecution} where job_execution_id = $1) as "jobStatus"`,
    [at.jobExecutionId, at.generation, at.stepExecutionId],
  )
  return {
    version: Number(row?.version),
    status: decodeStatus(row?.status ?? null),
    jobStatus: decodeStatus(row?.jobStatus ?? null),
  }
}
