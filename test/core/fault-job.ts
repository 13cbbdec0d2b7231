/** A step on the in-memory repository whose items fail on demand, and everything that can be seen of its run. */
import { pino } from 'pino'
import type { RetryPolicy, SkipPolicy } from '../../src/core/definition/fault-policy.ts'
import type { ChunkOptions, ChunkStepListener, Processor } from '../../src/core/definition/step-definition.ts'
import type { StepExecution } from '../../src/core/model/step-execution.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import type { JobRepository } from '../../src/core/ports/job-repository.ts'
import { createBatch } from '../../src/create-batch.ts'
import { memoryRepository } from '../../src/repository/memory/memory-repository.ts'
import { type FakeClock, fakeClock } from '../../src/testing/fake-clock.ts'
import { jobOf } from './run-job.ts'

/** Passes by itself. */
export class Flaky extends Error {}
/** Never passes. */
export class BadItem extends Error {}

export interface FaultStep {
  readonly size?: number
  readonly retry?: RetryPolicy | false
  readonly skip?: SkipPolicy
  readonly concurrency?: number
  readonly reader: ItemReader<number>
  readonly processor?: Processor<unknown, number, number>
  readonly writer: ItemWriter<number>
  readonly listener?: ChunkStepListener<number, number>
  /** Aborting it is a stop. */
  readonly stop?: AbortSignal
  /** Aborting it gives the run up. */
  readonly abort?: AbortSignal
}

export interface FaultRun {
  readonly status: string
  readonly error: Error
  readonly step: StepExecution
  /** Warnings of the log. */
  readonly warnings: readonly string[]
}

export interface FaultBench {
  readonly repository: JobRepository
  readonly clock: FakeClock
  /** Every run is of the same instance. */
  readonly run: (step: FaultStep) => Promise<FaultRun>
}

export function faultBench(repository: JobRepository = memoryRepository()): FaultBench {
  const clock = fakeClock({ autoAdvance: true })
  const run = async (parts: FaultStep): Promise<FaultRun> => {
    const warnings: string[] = []
    const write = (line: string): void => {
      const { level, msg } = JSON.parse(line) as { level: number; msg: string }
      if (level === 40) warnings.push(msg)
    }
    const job = jobOf((step) => ({ load: step.chunk(optionsOf(parts), pipelineOf(parts)) }))
    const batch = createBatch({ repository, jobs: [job], clock, logger: pino({ level: 'warn' }, { write }) })
    const started = await batch.operator.start(job, {}, parts.stop && { signal: parts.stop })
    parts.abort?.addEventListener('abort', () => started.abort('the test has seen enough'))
    const { execution, error } = await started.ended
    const step = execution.stepExecutions.at(-1)
    if (step === undefined) throw new Error('the step has not begun')
    return { status: execution.status, error: error as Error, step, warnings }
  }
  return { repository, clock, run }
}

function optionsOf({ size = 10, retry, skip, concurrency }: FaultStep): ChunkOptions<unknown> {
  return {
    size,
    ...(retry !== undefined && { retry }),
    ...(skip !== undefined && { skip }),
    ...(concurrency !== undefined && { concurrency }),
  }
}

function pipelineOf({ reader, processor = (item) => item, writer, listener }: FaultStep) {
  return { reader, processor, writer, listeners: listener === undefined ? [] : [listener] }
}

export function countsOf({ readCount, writeCount, filterCount, ...step }: StepExecution) {
  const { readSkipCount, processSkipCount, writeSkipCount, commitCount, rollbackCount } = step
  return {
    readCount,
    writeCount,
    filterCount,
    readSkipCount,
    processSkipCount,
    writeSkipCount,
    commitCount,
    rollbackCount,
  }
}
