/** The process around a server's scheduler: its runs are here, so that they hold up no request; it ends with the server. */
import { thrownText } from '../core/model/error-description.ts'
import { watchStrayErrors } from '../process/stray-errors.ts'
import { exitAfter, leaveSignalsToParent, tellParent, whenOrphaned } from '../process/within-fork.ts'
import { createScheduler, type Scheduler } from '../scheduling/scheduler.ts'
import type { Observation } from '../telemetry/observation.ts'
import { slotObservations } from '../telemetry/slot-observations.ts'
import type { ModulePlace } from '../workers/module-place.ts'
import { openNamedBatch } from '../workers/open-worker-batch.ts'
import { watchForOrphans } from './orphan-watch.ts'
import { packError } from './packed-error.ts'
import { isPoolBatch, type PoolBatch } from './pool-batch.ts'
import type { FromSchedulerProcess, ToSchedulerProcess } from './scheduler-messages.ts'

let firing: { readonly scheduler: Scheduler; readonly batch: PoolBatch } | undefined
let orphanGraceMilliseconds = 0
let ending: Extract<ToSchedulerProcess, { type: 'drain' }> | undefined

leaveSignalsToParent()

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

whenOrphaned(() => {
  drain({
    type: 'drain',
    reason: 'the server that it belonged to is gone',
    graceMilliseconds: orphanGraceMilliseconds,
  })
})

async function open(module: ModulePlace): Promise<void> {
  const observed = (observation: Observation) => tell({ type: 'observed', observation })
  const batch = await openNamedBatch(module, isPoolBatch, observed)
  const scheduler = await createScheduler(batch, batch.schedules, {
    observer: slotObservations(observed),
    strayErrors,
  })
  firing = { scheduler, batch }
  tell({ type: 'ready' })
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
  void scheduler.drain(order.reason, grace).then(() => exitAfter(() => batch[Symbol.asyncDispose](), 0))
}

function tell(message: FromSchedulerProcess, told?: () => void): void {
  tellParent(message, told)
}
