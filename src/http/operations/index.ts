/** Every operation of the API. */
import type { Operation } from '../operation.ts'
import { backfillSchedule, cancelBackfill } from './backfill.ts'
import { docsPage, docsScript, docsStyle, openApi } from './documents.ts'
import { followEvents } from './events.ts'
import { followExecution } from './execution-events.ts'
import { getContext, getExecution, getOutcome, listExecutions } from './executions.ts'
import { healthz, metrics, readyz } from './health.ts'
import { getInstance, getStatistics, listInstances } from './instances.ts'
import { getJob, listJobs } from './jobs.ts'
import { launch } from './launch.ts'
import { purge } from './maintenance.ts'
import { abandon, recover, stop } from './operating.ts'
import { getQuarantined, listExecutionQuarantine, listQuarantine } from './quarantine.ts'
import { previewRedrive } from './redrive-preview.ts'
import { redrive, restart } from './relaunch.ts'
import { pauseSchedule, resumeSchedule, triggerSchedule } from './schedule-operating.ts'
import { getHours, getTypicalRun } from './run-figures.ts'
import { getOverview } from './overview.ts'
import { getServer } from './server.ts'
import { beginSession, endSession } from './session.ts'
import { getSchedule, listFires, listSchedules } from './schedules.ts'
import { getStep, getStepContext, listPartitions, listSamples, listSteps } from './steps.ts'
import { enableOneWebhook, listDeliveries, listWebhooks, retryWebhookDelivery } from './webhooks.ts'

export const OPERATIONS: readonly Operation[] = [
  getServer,
  beginSession,
  endSession,
  getOverview,
  getHours,
  listJobs,
  getJob,
  launch,
  listInstances,
  getStatistics,
  getTypicalRun,
  getInstance,
  listExecutions,
  getExecution,
  getOutcome,
  getContext,
  followExecution,
  followEvents,
  listSteps,
  getStep,
  getStepContext,
  listSamples,
  listPartitions,
  listExecutionQuarantine,
  restart,
  stop,
  abandon,
  recover,
  previewRedrive,
  redrive,
  listQuarantine,
  getQuarantined,
  listSchedules,
  getSchedule,
  listFires,
  pauseSchedule,
  resumeSchedule,
  triggerSchedule,
  backfillSchedule,
  cancelBackfill,
  listWebhooks,
  listDeliveries,
  retryWebhookDelivery,
  enableOneWebhook,
  purge,
  openApi,
  docsPage,
  docsScript,
  docsStyle,
  healthz,
  readyz,
  metrics,
]
