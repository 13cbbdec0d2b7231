/** The transactions that a repository gives to chunks, for a writer under test. */
import { NO_COUNTS } from '../../core/model/step-execution.ts'
import type { JobRepository } from '../../core/ports/job-repository.ts'
import type { Transaction } from '../../core/ports/resource.ts'
import { finish, jobEnd, repositoryTrial, stepEnd } from './repository-trial.ts'

export type InTransaction = <R>(work: (transaction: Transaction) => Promise<R>) => Promise<R>

/** Each is the one chunk of a job execution of its own, which is committed when `work` resolves and rolled back when it rejects. */
export function chunkTransactions(repository: JobRepository): InTransaction {
  return async <R>(work: (transaction: Transaction) => Promise<R>): Promise<R> => {
    const trial = repositoryTrial(repository)
    const { claim } = await trial.started('1')
    const session = await trial.begin(claim, 'load')
    const results: R[] = []
    try {
      await session.commit({
        pipelined: false,
        work: async (transaction) => void results.push(await work(transaction)),
        progress: () => ({ counts: NO_COUNTS, executionContext: {} }),
      })
      return results[0] as R
    } finally {
      await finish(session, stepEnd('COMPLETED'))
      await repository.endJobExecution(claim, jobEnd('COMPLETED'))
    }
  }
}
