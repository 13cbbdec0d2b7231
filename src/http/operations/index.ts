/** Every operation of the API. */
import type { Operation } from '../operation.ts'
import { openApi } from './documents.ts'
import { getContext, getExecution, getOutcome, listExecutions } from './executions.ts'
import { healthz, metrics, readyz } from './health.ts'
import { getJob, listJobs } from './jobs.ts'
import { launch } from './launch.ts'

export const OPERATIONS: readonly Operation[] = [
  listJobs,
  getJob,
  launch,
  listExecutions,
  getExecution,
  getOutcome,
  getContext,
  openApi,
  healthz,
  readyz,
  metrics,
]
