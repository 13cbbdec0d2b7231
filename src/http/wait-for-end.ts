/** Long polling: an answer that waits for the end of an execution, for a while. */
import { z } from '@hono/zod-openapi'
import type { Api } from './api.ts'
import { type ExecutionView, viewExecution } from './execution-view.ts'

const LONGEST_WAIT_SECONDS = 60
const WAIT = /^([0-9]{1,6})([sm])?$/

export const waitQuery: z.ZodObject<{ readonly wait: z.ZodOptional<z.ZodString> }, z.core.$strict> =
  z.strictObject({
    wait: z
      .string()
      .regex(WAIT, 'it is no time such as 30s')
      .optional()
      .openapi({
        description: `Answer when it has ended, or after so long, ${LONGEST_WAIT_SECONDS} s at most. \`Prefer: wait=30\` asks the same.`,
        example: '30s',
      }),
  })

/** `30`, `30s`, `1m`; more than the longest wait is the longest wait. Undefined for what is none. */
function parseWait(text: string): number | undefined {
  const [, number, unit] = WAIT.exec(text) ?? []
  if (number === undefined) return undefined
  const seconds = Number(number) * (unit === 'm' ? 60 : 1)
  return Math.min(seconds, LONGEST_WAIT_SECONDS) * 1000
}

/** In milliseconds: the query, which {@link waitQuery} has checked, comes before `Prefer: wait=30`; zero where neither is there. A preference that is none is passed over. */
export function askedWait(query: string | undefined, request: Request): number {
  if (query !== undefined) return parseWait(query) ?? 0
  const [, preferred] =
    /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(request.headers.get('prefer') ?? '') ?? []
  return preferred === undefined ? 0 : (parseWait(preferred) ?? 0)
}

/**
 * As it is when it has ended, when the time is over, when the caller has gone, or when the server ends: whichever comes first.
 * @throws BatchError NO_SUCH_JOB_EXECUTION
 */
export async function viewAfterWait(
  api: Api,
  jobExecutionId: string,
  milliseconds: number,
  { signal }: Request,
): Promise<ExecutionView> {
  const first = await viewExecution(api, jobExecutionId)
  if (first.hasEnded || milliseconds === 0 || signal.aborted) return first
  const last = await lastLook(api, first, milliseconds, signal)
  // Of many that wait for the same, or have gone, none looks for itself.
  return last.hasEnded || signal.aborted ? last : viewExecution(api, jobExecutionId, last)
}

/** When something has happened: the end, or what keeps it from being waited for. */
async function lastLook(
  { watch, closing }: Api,
  first: ExecutionView,
  milliseconds: number,
  signal: AbortSignal,
): Promise<ExecutionView> {
  let last = first
  let happened = (): void => {}
  const happening = new Promise<void>((resolve) => (happened = resolve))
  const timer = setTimeout(happened, milliseconds)
  signal.addEventListener('abort', happened, { once: true })
  using _ended = watch.follow(first, {
    onLook: (seen) => {
      last = seen
      if (seen.hasEnded) happened()
    },
    onGone: happened,
  })
  using _closing = closing.onClosing(happened)
  try {
    await happening
    return last
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', happened)
  }
}
