/** The process around a worker: loads the project, does what the manager says, ends with the manager. */
import { runAssignment } from '../core/engine/partition/run-assignment.ts'
import { createRunControl, type RunControl } from '../core/engine/run-control.ts'
import { BatchError } from '../core/model/batch-error.ts'
import { thrownText } from '../core/model/error-description.ts'
import { processIdentity } from '../process/process-identity.ts'
import { sealed } from '../process/sealed-message.ts'
import { systemClock } from '../process/system-clock.ts'
import type { FromWorker, ToWorker } from './messages.ts'
import { openWorkerBatch } from './open-worker-batch.ts'
import { throttledProgress } from './throttled-progress.ts'

/** After the manager is gone: to roll back what is open, and say goodbye to the database. */
const ORPHAN_MILLISECONDS = 3_000

const control: RunControl = createRunControl()
const draining = new AbortController()

// A signal from the terminal or the service manager reaches the manager too, which tells us what is to be done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'work':
      void work(message).then(exit)
      return
    case 'drain':
      return draining.abort()
    case 'stop':
      return control.requestStop(message.reason)
    case 'abort':
      return control.requestAbort(new BatchError('ABORTED', message.reason))
    default:
      message satisfies never
  }
})

process.on('disconnect', () => {
  control.requestAbort(
    new BatchError('ABORTED', 'the process that runs the job is gone, and its worker processes end with it'),
  )
  setTimeout(() => process.exit(1), ORPHAN_MILLISECONDS).unref()
})

async function work({ module, assignment }: Extract<ToWorker, { type: 'work' }>): Promise<FromWorker> {
  const progress = throttledProgress(tell)
  try {
    await using batch = await openWorkerBatch(module)
    await runAssignment({
      assignment,
      job: batch.operator.findJob(assignment.execution.jobInstance.jobName),
      repository: batch.repository,
      logger: batch.logger,
      clock: systemClock,
      ...(batch.tracing && { tracing: batch.tracing }),
      identity: processIdentity(),
      control,
      draining: draining.signal,
      onBegan: (workerId) => tell({ type: 'began', workerId }),
      watch: {
        progressed: progress.progressed,
        chunkCommitted: progress.chunkCommitted,
        ended: (status) => {
          progress.flush()
          tell({ type: 'partition-ended', status })
        },
      },
    })
    return { type: 'finished' }
  } catch (error) {
    // It was told to end, and what it had open is rolled back: the manager knows the reason better.
    if (control.abort.aborted) return { type: 'finished' }
    return { type: 'failed', reason: thrownText(error) }
  } finally {
    progress.flush()
  }
}

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(sealed(message), () => {})
}

/** What the project has left open must not keep a worker that is done. */
function exit(last: FromWorker): void {
  if (!process.connected) process.exit(1)
  process.send?.(sealed(last), () => process.exit(0))
}
