/** The process around an execution of a server's pool: loads the project, runs one after the other, ends with the server. */
import { thrownText } from '../core/model/error-description.ts'
import type { StartedJob } from '../core/operator/started-job.ts'
import { exitAfter, leaveSignalsToParent, tellParent, whenOrphaned } from '../process/within-fork.ts'
import type { Observation } from '../telemetry/observation.ts'
import { openNamedBatch } from '../workers/open-worker-batch.ts'
import { answerRequest } from './answer-request.ts'
import type { OpenMessage } from './opening-messages.ts'
import { watchForOrphans } from './orphan-watch.ts'
import { packError } from './packed-error.ts'
import { isPoolBatch, type PoolBatch } from './pool-batch.ts'
import type { FromPoolProcess, PoolRequest, ToPoolProcess } from './pool-messages.ts'

type Order = Extract<ToPoolProcess, { type: 'interrupt' | 'abort' }>

let opening: Promise<PoolBatch> | undefined
let orphanGraceMilliseconds = 0
/** At work, from the request to its end. */
let isBusy = false
let running: StartedJob | undefined
/** What came while the launch was under way, or the last one since. */
let ordered: Order | undefined
/** An error that nobody handled: whatever it has broken must not meet the next execution. */
let isSpent = false

leaveSignalsToParent()

process.on('message', (message: ToPoolProcess) => {
  switch (message.type) {
    case 'open':
      return open(message)
    case 'ask':
      return void work(message.request)
    case 'interrupt':
    case 'abort':
      return direct(message)
    case 'end':
      return void exit(0)
    default:
      message satisfies never
  }
})

whenOrphaned(() => {
  if (!isBusy) return void exit(0)
  direct({
    type: 'interrupt',
    reason: 'the server that had launched it is gone',
    graceMilliseconds: orphanGraceMilliseconds,
  })
})

process.on('uncaughtException', (error: unknown) => {
  isSpent = true
  const text = `an error that nobody handles: ${String(error)}`
  process.stderr.write(`error: ${text}\n${error instanceof Error ? (error.stack ?? '') : ''}\n`)
  if (!isBusy) process.exit(1)
  direct({ type: 'abort', reason: text })
})

function open({ module, orphanGraceMilliseconds: grace }: OpenMessage): void {
  orphanGraceMilliseconds = grace
  watchForOrphans(grace)
  opening = openNamedBatch(module, isPoolBatch, observed)
  opening.then(
    () => tell({ type: 'ready' }),
    (error: unknown) => tell({ type: 'failed', error: packError(error) }, () => process.exit(1)),
  )
}

async function work(request: PoolRequest): Promise<void> {
  isBusy = true
  ordered = undefined
  const last = await runRequest(request)
  running = undefined
  isBusy = false
  if (isSpent) return exit(1)
  if (process.connected) tell(last)
  else await exit(0)
}

/** Resolves when all is over, with what is to be said then. */
async function runRequest(request: PoolRequest): Promise<FromPoolProcess> {
  try {
    const batch = await opening
    if (batch === undefined) throw new Error('asked before the project was named')
    const { answer, started } = await answerRequest(batch, request)
    if (started === undefined) return { type: 'answered', answer, isOver: true }
    running = started
    tell({ type: 'answered', answer, isOver: false })
    if (ordered !== undefined) obey(started, ordered)
    await logEnd(batch, started)
    return { type: 'free' }
  } catch (error) {
    return { type: 'refused', error: packError(error) }
  }
}

/** Never rejects: its end is on record, or the repository is away. */
async function logEnd({ logger }: PoolBatch, started: StartedJob): Promise<void> {
  const { id, jobInstance } = started.execution
  const facts = { job: jobInstance.jobName, execution: id }
  try {
    const { execution, error } = await started.ended
    if (execution.status === 'FAILED') logger.error({ ...facts, err: error }, `execution ${id} failed`)
  } catch (error) {
    logger.error(facts, `the end of execution ${id} could not be recorded: ${thrownText(error)}`)
  }
}

function direct(order: Order): void {
  ordered = order
  if (running !== undefined) obey(running, order)
}

function obey(started: StartedJob, order: Order): void {
  if (order.type === 'abort') return started.abort(order.reason)
  const { graceMilliseconds } = order
  void started.interrupt(order.reason, graceMilliseconds === null ? undefined : { graceMilliseconds })
}

function observed(observation: Observation): void {
  tell({ type: 'observed', observation })
}

function tell(message: FromPoolProcess, told?: () => void): void {
  tellParent(message, told)
}

function exit(code: number): Promise<never> {
  return exitAfter(async () => (await opening)?.[Symbol.asyncDispose](), code)
}
