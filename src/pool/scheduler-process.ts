/** The process around a server's scheduler: its runs are here, so that they hold up no request; it ends with the server. */
import { thrownText } from '../core/model/error-description.ts'
import { sealed } from '../process/sealed-message.ts'
import { watchStrayErrors } from '../process/stray-errors.ts'
import { createScheduler, type Scheduler } from '../scheduling/scheduler.ts'
import { slotObservations } from '../telemetry/slot-observations.ts'
import { openNamedBatch } from '../workers/open-worker-batch.ts'
import { watchForOrphans } from './orphan-watch.ts'
import { packError } from './packed-error.ts'
import { isPoolBatch, type PoolBatch } from './pool-batch.ts'
import type { FromSchedulerProcess, ToSchedulerProcess } from './scheduler-messages.ts'

/** After an end that was asked for: to say goodbye to the database. */
const GOODBYE_MILLISECONDS = 3_000

let firing: { readonly scheduler: Scheduler; readonly batch: PoolBatch } | undefined
let orphanGraceMilliseconds = 0
let ending: Extract<ToSchedulerProcess, { type: 'drain' }> | undefined

// A signal from the terminal or the service manager reaches the server too, which tells us what is to be done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.on('message', (message: ToSchedulerProcess) => {
  switch (message.type) {
    case 'open':
      orphanGraceMilliseconds = message.orphanGraceMilliseconds
      watchForOrphans(orphanGraceMilliseconds)
      return void open(message.module).catch(fail)
    case 'drain':
      return drain(message)
    case 'abort':
      return firing?.scheduler.abort(message.reason)
    default:
      message satisfies never
  }
})

/** Of what comes from no run. The server begins this process again; what it ran is continued then. */
const strayErrors = watchStrayErrors((error) => {
  process.stderr.write(`error: an error that nobody handles: ${thrownText(error)}\n`)
  if (firing === undefined) process.exit(1)
  const reason = 'the scheduler met an error that nobody handles'
  drain({ type: 'drain', reason, graceMilliseconds: orphanGraceMilliseconds })
})

process.on('disconnect', () => {
  drain({
    type: 'drain',
    reason: 'the server that it belonged to is gone',
    graceMilliseconds: orphanGraceMilliseconds,
  })
})

async function open(module: Extract<ToSchedulerProcess, { type: 'open' }>['module']): Promise<void> {
  const observed = (observation: Extract<FromSchedulerProcess, { type: 'observed' }>['observation']) =>
    tell({ type: 'observed', observation })
  const batch = await openNamedBatch(module, isPoolBatch, observed)
  const scheduler = await createScheduler(batch, batch.schedules, {
    observer: slotObservations(observed),
    strayErrors,
  })
  firing = { scheduler, batch }
  tell({ type: 'firing' })
  if (ending !== undefined) drain(ending)
}

function fail(error: unknown): void {
  tell({ type: 'failed', error: packError(error) }, () => process.exit(1))
}

/** Before it fires, there is nothing to wait for. */
function drain(order: Extract<ToSchedulerProcess, { type: 'drain' }>): void {
  ending = order
  if (firing === undefined) return
  const { scheduler, batch } = firing
  const { graceMilliseconds } = order
  const grace = graceMilliseconds === null ? undefined : { graceMilliseconds }
  void scheduler.drain(order.reason, grace).then(async () => {
    setTimeout(() => process.exit(0), GOODBYE_MILLISECONDS).unref()
    try {
      await batch[Symbol.asyncDispose]()
    } finally {
      process.exit(0)
    }
  })
}

function tell(message: FromSchedulerProcess, told: () => void = () => {}): void {
  if (process.connected) process.send?.(sealed(message), told)
  else told()
}
