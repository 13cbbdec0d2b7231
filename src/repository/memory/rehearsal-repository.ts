/** A job repository for a dry run: it records in memory, writes where the real one does, and commits nothing. */
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { Rehearsal, StepSession } from '../../core/ports/step-session.ts'
import { memoryRepository } from './memory-repository.ts'

/**
 * What a step writes is tried in one transaction of the real repository, each chunk in a savepoint, so that each sees what
 * the chunks before it have written; at the end of the step all of it is rolled back. In the real repository nothing is
 * recorded. Where that cannot rehearse, transactions have no resources.
 */
export function rehearsalRepository(real: JobRepository): JobRepository {
  const memory = memoryRepository()
  const { openRehearsal } = real
  const rehearse = async (session: StepSession) =>
    openRehearsal === undefined ? session : rehearsed(session, await openRehearsal())
  return {
    ...memory,
    description: `a rehearsal on ${real.description}`,
    resources: real.resources,
    transactionHas: openRehearsal === undefined ? () => false : real.transactionHas,
    beginStep: async (claim, begin) => rehearse(await memory.beginStep(claim, begin)),
    partitions: {
      ...memory.partitions,
      reach: 'rehearsal',
      claimPartition: async (claim, from) => {
        const claimed = await memory.partitions.claimPartition(claim, from)
        return claimed === undefined ? undefined : { ...claimed, session: await rehearse(claimed.session) }
      },
    },
  }
}

function rehearsed(session: StepSession, { transaction, close }: Rehearsal): StepSession {
  return {
    ...session,
    commit: (chunk) =>
      session.commit({
        ...chunk,
        work: () => transaction.savepoint(() => chunk.work(transaction)),
      }),
    close: async () => {
      await close()
      await session.close()
    },
  }
}
