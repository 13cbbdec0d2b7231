/** An operator's verdict on an execution, in one transaction that holds its instance. */
import type { DataSource } from 'typeorm'
import type { RetireOutcome, RetireRequest } from '../../core/ports/retirement.ts'
import type { RunSql } from './fence.ts'
import { executionById } from './job-execution-rows.ts'
import { repositoryTransaction } from './repository-transaction.ts'
import type { RepositoryAddress } from './repository-options.ts'
import { closeJudged, fenceOff, markAbandoned } from './retire-execution.ts'
import type { TableNames } from './table-names.ts'

export function retire(
  source: DataSource,
  address: RepositoryAddress,
  request: RetireRequest,
): Promise<RetireOutcome> {
  const doing = `changing job execution ${request.jobExecutionId}`
  return repositoryTransaction(source, address, doing, async ({ client, run, committing }) => {
    await lockInstanceOf(run, address.tables, request.jobExecutionId)
    const outcome = await judge(run, address.tables, request)
    committing()
    await client.query('commit')
    return outcome
  })
}

/** As a launch does it, so that the two wait for each other. Locks: the instance's row, until the end. */
async function lockInstanceOf(run: RunSql, tables: TableNames, jobExecutionId: string): Promise<void> {
  await run(
    `select 1 from ${tables.jobInstance} where job_instance_id =
      (select job_instance_id from ${tables.jobExecution} where job_execution_id = $1) for update`,
    [jobExecutionId],
  )
}

/** Again from the beginning where the owner's last commit or its end came in while we waited for the fence. */
async function judge(run: RunSql, tables: TableNames, request: RetireRequest): Promise<RetireOutcome> {
  const { jobExecutionId, by, decide } = request
  for (;;) {
    const found = await executionById(run, tables, jobExecutionId)
    if (found === undefined) return 'not-found'
    const { status } = found.execution
    const verdict = decide(found)
    if (verdict.action === 'refuse') throw verdict.error
    if (verdict.action === 'leave') return 'left'
    if (found.owner !== null) await fenceOff(run, tables, jobExecutionId)
    switch (verdict.action) {
      case 'close': {
        const closing = { jobExecutionId, by, reason: verdict.reason }
        if (await closeJudged(run, tables, closing, status, verdict.status)) return 'closed'
        break
      }
      case 'abandon':
        if (await markAbandoned(run, tables, jobExecutionId, status, by)) return 'abandoned'
        break
      default:
        verdict satisfies never
    }
  }
}
