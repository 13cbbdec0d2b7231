/** A launch whose run answers for the errors that its code leaves lying about. */
import type { StartedJob } from '../core/operator/started-job.ts'
import type { SchedulerParts } from './scheduler-parts.ts'

/** Such an error gives its run up, and no other; without a watch on them it ends the process, as Node.js does. */
export async function launchRun<T>(
  { strayErrors, logger }: SchedulerParts,
  launch: () => Promise<T>,
  startedBy: (answer: T) => StartedJob | undefined,
): Promise<T> {
  if (strayErrors === undefined) return launch()
  let giveUp: ((error: unknown) => void) | undefined
  const early: unknown[] = []
  const answer = await strayErrors.within(
    (error) => (giveUp === undefined ? early.push(error) : giveUp(error)),
    launch,
  )
  const started = startedBy(answer)
  giveUp = (error) => {
    const text = `an error that nobody handles: ${String(error)}`
    logger.error({ err: error, execution: started?.execution.id }, text)
    started?.abort(text)
  }
  early.forEach(giveUp)
  return answer
}
