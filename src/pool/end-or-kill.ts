/** Waits for the end of processes that were told to end, and for no longer than they may take. */
import { systemClock } from '../process/system-clock.ts'

/** Beyond the grace: to roll back the open chunk, write the end and say goodbye. A job that never lets go of the event loop is killed then. */
export const MARGIN_MILLISECONDS = 5_000

/** Without a grace it waits as long as it takes. */
export async function endOrKill(
  ending: Promise<void>,
  graceMilliseconds: number | null,
  kill: () => void,
): Promise<void> {
  const over = new AbortController()
  if (graceMilliseconds !== null)
    systemClock.sleep(graceMilliseconds + MARGIN_MILLISECONDS, over.signal).then(kill, () => {})
  try {
    await ending
  } finally {
    over.abort()
  }
}
