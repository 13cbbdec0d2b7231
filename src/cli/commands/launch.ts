/** `batchwright launch <job>` */
import { randomUUID } from 'node:crypto'
import { type BatchStatus, isLive } from '../../core/model/batch-status.ts'
import type { CommandContext } from '../command-context.ts'
import { WAIT_RAN_OUT } from '../../core/operator/exit-code.ts'
import { statusText } from '../execution-report.ts'
import { type Interruption, watchInterruption } from '../interruption.ts'
import { jsonLine } from '../../json/json-line.ts'
import { type ApiClient, apiClient, type Json } from '../launch/api-client.ts'
import { askToLaunch } from '../launch/ask-to-launch.ts'
import { waitForOutcome } from '../launch/wait-for-outcome.ts'
import { readParameterTexts } from '../parameter-texts.ts'

export interface LaunchCommandOptions {
  readonly params?: string
  readonly onExisting: 'reject' | 'return'
  readonly next?: boolean
  /** In seconds; true is without end. */
  readonly wait?: number | true
  readonly idempotencyKey?: string
  readonly trigger?: string
  readonly server?: string
}

/** How long a lost answer is asked for again: by one who waits anyway, and by one who does not. */
const LOST_MILLISECONDS = { waiting: 300_000, leaving: 30_000 } as const

/** The project is not looked at: the server knows the job. */
export async function launch(
  context: CommandContext,
  jobName: string,
  words: readonly string[],
  options: LaunchCommandOptions,
): Promise<number> {
  const { output, environment } = context
  const { texts } = await readParameterTexts(words, options.params)
  const client = await apiClient(options.server, environment)
  using interruption = watchInterruption()
  let launched: Json | undefined
  try {
    const asking = { signal: interruption.signal, tell: output.tell }
    launched = await askToLaunch(client, orderOf(jobName, texts, options), asking)
    return await report(context, client, launched, options, interruption)
  } catch (error) {
    if (error !== interruption.signal.reason && (error as Error).name !== 'AbortError') throw error
    if (!interruption.signal.aborted) throw error
    output.tell(interruptedText(launched))
    return WAIT_RAN_OUT
  }
}

function orderOf(
  jobName: string,
  parameters: Readonly<Record<string, string>>,
  options: LaunchCommandOptions,
) {
  const { onExisting, next = false, trigger, wait, idempotencyKey } = options
  const body = {
    parameters,
    mode: next ? 'next' : 'start',
    onExisting,
    ...(trigger === undefined ? {} : { trigger: { type: 'external', name: trigger } }),
  }
  const patienceMilliseconds = wait === undefined ? LOST_MILLISECONDS.leaving : LOST_MILLISECONDS.waiting
  return { jobName, body, key: idempotencyKey ?? randomUUID(), patienceMilliseconds }
}

async function report(
  { output }: CommandContext,
  client: ApiClient,
  launched: Json,
  { wait }: LaunchCommandOptions,
  { signal }: Interruption,
): Promise<number> {
  const id = String(launched['jobExecutionId'])
  const { restartOf } = launched
  if (typeof restartOf === 'string') output.tell(`continues execution ${restartOf}`)
  const isOver = !isLive(launched['status'] as BatchStatus)
  if (wait === undefined) {
    if (output.json) output.result(jsonLine({ ...launched, processExitCode: 0 }))
    else output.result(`${lineOf(launched)}${isOver ? '' : ` on ${client.server}`}`)
    return 0
  }
  const patienceMilliseconds = wait === true ? Infinity : wait * 1000
  const waiting = { jobExecutionId: id, patienceMilliseconds, signal, tell: output.tell }
  const ended = await waitForOutcome(client, waiting)
  if (ended === undefined) {
    if (output.json) output.result(jsonLine({ ...launched, processExitCode: WAIT_RAN_OUT }))
    output.tell(`execution ${id} has not ended in time, and goes on`)
    return WAIT_RAN_OUT
  }
  const { execution, outcome } = ended
  const processExitCode = Number(outcome['processExitCode'])
  if (output.json) output.result(jsonLine({ ...execution, processExitCode }))
  else {
    output.result(lineOf(execution))
    if (execution['status'] === 'FAILED') output.tell(`\n${messageOf(outcome)}`)
  }
  return processExitCode
}

function lineOf({ jobExecutionId, jobName, jobInstanceId, status }: Json): string {
  return `Execution ${String(jobExecutionId)} of job ${String(jobName)} (instance ${String(jobInstanceId)}): ${statusText(String(status))}`
}

/** Without the stack. */
function messageOf({ exitMessage }: Json): string {
  return String(exitMessage)
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')
}

function interruptedText(launched: Json | undefined): string {
  return launched === undefined
    ? 'interrupted before the server has answered; whether it has launched is not known'
    : `interrupted; execution ${String(launched['jobExecutionId'])} goes on`
}
