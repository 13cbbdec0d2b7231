/** `batchwright serve` */
import { BatchError } from '../../core/model/batch-error.ts'
import type { Batch } from '../../create-batch.ts'
import { createWebhookDispatcher } from '../../webhooks/dispatcher.ts'
import type { WebhookEndpoint } from '../../webhooks/webhook-endpoint.ts'
import { checkedSchedules, type CheckedSchedules } from '../checked-schedules.ts'
import type { CommandContext } from '../command-context.ts'
import { configuredWebhooks, WEBHOOK_GRACE, webhooksText } from '../configured-webhooks.ts'
import { jsonLine } from '../../json/json-line.ts'
import { forkedModule } from '../forked-module.ts'
import { withBatch } from '../open-batch.ts'
import { repositoryPlace } from '../repository-place.ts'
import { runServer } from '../serve/run-server.ts'
import { type ServeOptions, type ServerSetting, serverSetting } from '../serve/server-setting.ts'
import { type SignalWatch, watchSignals } from '../signals.ts'

/** What may take as long as it likes while the server lives still has to end when it is gone. */
const LONGEST_ORPHAN_MILLISECONDS = 3_600_000

/** Ends with 0 when a signal has ended it and all its executions have ended; the next server continues what it has stopped. */
export async function serve(context: CommandContext, options: ServeOptions): Promise<number> {
  const { output, environment } = context
  const checked = await checkedSchedules(context)
  const { project, jobs } = checked
  if (repositoryPlace(project, environment).kind === 'memory') throw noMemory()
  const setting = await serverSetting(project, options, environment)
  const endpoints = configuredWebhooks(context, project, jobs)
  for (const warning of setting.warnings) output.tell(`warning: ${warning}`)
  using signals = watchSignals(output.tell, options.grace)
  try {
    const work = (batch: Batch) =>
      untilDrained(context, { batch, checked, setting, endpoints, options, signals })
    return await withBatch(context, project, jobs, work, signals.stop)
  } catch (error) {
    if (error !== signals.stop.reason) throw error
    return 0
  }
}

interface Serving {
  readonly batch: Batch
  readonly checked: CheckedSchedules
  readonly setting: ServerSetting
  readonly endpoints: readonly WebhookEndpoint[]
  readonly options: ServeOptions
  readonly signals: SignalWatch
}

async function untilDrained(context: CommandContext, serving: Serving): Promise<number> {
  const { batch, checked, setting, endpoints, options, signals } = serving
  const { output } = context
  signals.stop.throwIfAborted()
  await using webhooks = await createWebhookDispatcher(batch, endpoints)
  const server = await runServer({
    batch,
    schedules: checked.schedules,
    setting,
    module: forkedModule(context, 'openPoolBatch'),
    withScheduler: options.withScheduler === true,
    graceMilliseconds: Math.min(options.grace * 1000, LONGEST_ORPHAN_MILLISECONDS),
  })
  if (output.json) output.result(jsonLine({ url: server.url, pid: process.pid }))
  else if (endpoints.length > 0) output.tell(webhooksText(endpoints))
  if (!output.json) output.tell(`serving ${checked.jobs.length} jobs on ${server.url}`)
  await new Promise<void>((resolve) => {
    signals.direct({
      stop: (reason, grace) => void server.drain(reason, grace).then(resolve),
      abort: server.abort,
    })
  })
  await webhooks.drain('the server ends', WEBHOOK_GRACE)
  return signals.givenUp() ?? 0
}

function noMemory(): BatchError {
  return new BatchError(
    'INVALID_CONFIGURATION',
    "The config says repository: 'memory', which the processes of a server cannot share. Leave it out, and the embedded Postgres " +
      'is used; or name a database.',
  )
}
