/** Gives workers up that were silent for a whole lease, for as long as their step runs. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Crew, type Member, retire } from './crew.ts'

/** Judged by the repository's clock; a frozen worker holds its open transaction no longer than this. */
export async function watchLeases(crew: Crew, members: ReadonlySet<Member>, end: AbortSignal): Promise<void> {
  const { logger } = crew
  const { leaseMilliseconds } = crew.job
  while (!end.aborted) {
    await sleep(leaseMilliseconds / 3, undefined, { signal: end }).catch(() => {})
    if (end.aborted) return
    try {
      const { workerIds } = await retire(crew, 'expired', 'the lease of its worker has run out')
      for (const member of members) {
        if (member.workerId === undefined || !workerIds.includes(member.workerId)) continue
        logger.warn(`worker process ${member.process.pid} was silent for a whole lease and is given up`)
        member.giveUp()
      }
    } catch (error) {
      logger.warn({ err: error }, 'the leases of the workers could not be looked at; it is tried again')
    }
  }
}
