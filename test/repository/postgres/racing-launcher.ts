/** A process of `launch-race.test.ts`: launches as fast as it can and prints what it was answered. */
import type { PoolConfig } from 'pg'
import { BatchError, isBatchError } from '../../../src/core/model/batch-error.ts'
import { isLive } from '../../../src/core/model/batch-status.ts'
import type { JobRepository } from '../../../src/core/ports/job-repository.ts'
import type { LatestExecution, LaunchVerdict } from '../../../src/core/ports/launch.ts'
import { postgresRepository } from '../../../src/repository/postgres/index.ts'
import { DEFINITION, FACTS, jobEnd, OWNER, PARAMETERS } from './running-job.ts'

export interface RaceOrder {
  readonly connection: PoolConfig
  readonly schema: string
  /** Each is launched once, and stays running where we win. */
  readonly freshKeys: readonly string[]
  /** Launched again and again; where we win, it is ended as FAILED. */
  readonly sharedKey: string
  readonly repetitions: number
}

export type RaceAnswers = Readonly<Record<string, number>>

function decide(latest: LatestExecution | undefined): LaunchVerdict {
  if (latest === undefined) return { action: 'start' }
  if (!isLive(latest.execution.status)) return { action: 'restart' }
  return { action: 'refuse', error: new BatchError('JOB_EXECUTION_ALREADY_RUNNING', 'runs') }
}

async function launchOnce(repository: JobRepository, jobKey: string, fails: boolean): Promise<string> {
  try {
    const { claim, restartOf } = await repository.launch({
      jobName: 'race',
      jobKey,
      parameters: PARAMETERS,
      owner: OWNER,
      leaseMilliseconds: 30_000,
      by: 'a test',
      definition: DEFINITION,
      facts: FACTS,
      decide,
    })
    if (fails) await repository.endJobExecution(claim, jobEnd('FAILED'))
    return restartOf === null ? 'started' : 'restarted'
  } catch (error) {
    return isBatchError(error) ? error.code : String(error)
  }
}

async function race({
  connection,
  schema,
  freshKeys,
  sharedKey,
  repetitions,
}: RaceOrder): Promise<RaceAnswers> {
  const repository = await postgresRepository({ connection, schema })
  const answers: Record<string, number> = {}
  const count = (answer: string): void => {
    answers[answer] = (answers[answer] ?? 0) + 1
  }
  for (const key of freshKeys) count(`fresh ${await launchOnce(repository, key, false)}`)
  for (let turn = 0; turn < repetitions; turn += 1) {
    count(`shared ${await launchOnce(repository, sharedKey, true)}`)
  }
  await repository.close()
  return answers
}

if (process.send !== undefined) {
  process.once('message', (order: RaceOrder) => {
    void race(order).then((answers) => process.send?.(answers, () => process.disconnect()))
  })
}
