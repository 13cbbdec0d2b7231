/** Runs jobs on the in-memory repository. */
import { pino } from 'pino'
import { z } from 'zod'
import { createBatch, type Batch } from '../../src/create-batch.ts'
import {
  defineJob,
  type JobDefinition,
  type JobOptions,
  type Steps,
} from '../../src/core/definition/define-job.ts'
import type { RunOutcome } from '../../src/core/engine/run-outcome.ts'
import type { StartOptions } from '../../src/core/operator/job-operator.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'

const NO_PARAMETERS = z.object({})
type NoParameters = typeof NO_PARAMETERS

/** A job without parameters, so that every start is of the same instance. */
export function jobOf<S extends Steps>(
  steps: JobOptions<NoParameters, S>['steps'],
  more: Partial<JobOptions<NoParameters, S>> = {},
): JobDefinition<NoParameters, S> {
  return defineJob({ name: 'job', parameters: NO_PARAMETERS, ...more, steps })
}

export interface TestBatch {
  readonly batch: Batch
  readonly run: <S extends Steps>(
    job: JobDefinition<NoParameters, S>,
    options?: StartOptions,
  ) => Promise<RunOutcome>
}

/** Every run is of a batch of its own, as after a new start of the process; the repository is what stays. */
export function testBatch(repository: JobRepository = memoryRepository()): {
  readonly repository: JobRepository
  readonly run: TestBatch['run']
} {
  return {
    repository,
    run: async (job, options) => {
      const batch = createBatch({ repository, jobs: [job], logger: pino({ level: 'silent' }) })
      const started = await batch.operator.start(job, {}, options)
      return started.ended
    },
  }
}
