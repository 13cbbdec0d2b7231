/** A job as its author writes it: plain data, inferred from the parameter schema to the last writer. */
import type { z } from 'zod'
import type { JobListener } from '../ports/listeners.ts'
import { type Flow, sequentialFlow } from './flow-definition.ts'
import { type FlowFactory, flowFactory } from './flow-factory.ts'
import type { StepDefinition } from './step-definition.ts'
import { type StepFactory, stepFactory } from './step-factory.ts'

/** Steps by name, run in the order in which they are written. */
export type Steps = Readonly<Record<string, StepDefinition>>

export interface JobOptions<P extends z.ZodObject, S extends Steps> {
  /** Unique among the jobs of a repository; at most 100 characters. */
  readonly name: string
  /** One line for lists and help texts. */
  readonly description?: string
  /**
   * A zod object. What it parses is what the callbacks get, what is recorded, and, but for those marked with
   * `nonIdentifying`, what tells one instance from another.
   */
  readonly parameters: P
  /** False: an instance that has failed or was stopped is never started again. @default true */
  readonly restartable?: boolean
  /**
   * Changes of this definition over which an execution that began before them may be restarted, as the error
   * JOB_DEFINITION_CHANGED names them: `['step verify was removed']`. @default none
   */
  readonly acceptedChanges?: readonly string[]
  readonly listeners?: readonly JobListener[]
  /** Process exit codes (10 to 79) for exit codes of your own: `{ 'COMPLETED WITH SKIPS': 10 }`. */
  readonly exitCodes?: Readonly<Record<string, number>>
  readonly steps: (step: StepFactory<z.output<P>>) => S
  /** Which step runs after which. @default in the order in which they are written, as long as they complete */
  readonly flow?: (flow: FlowFactory<z.output<P>, S>) => Flow
}

export interface JobDefinition<P extends z.ZodObject = z.ZodObject, S extends Steps = Steps> {
  readonly kind: 'job'
  readonly name: string
  readonly description: string
  readonly parameters: P
  readonly restartable: boolean
  readonly acceptedChanges: readonly string[]
  readonly listeners: readonly JobListener[]
  readonly exitCodes: Readonly<Record<string, number>>
  readonly steps: S
  readonly flow: Flow
}

/** Declares a job. Nothing is opened, registered or checked beyond types: `checkDefinition` finds what the compiler cannot. */
export function defineJob<P extends z.ZodObject, S extends Steps>(
  job: JobOptions<P, S>,
): JobDefinition<P, S> {
  const steps = job.steps(stepFactory as StepFactory<z.output<P>>)
  return {
    kind: 'job',
    name: job.name,
    description: job.description ?? '',
    parameters: job.parameters,
    restartable: job.restartable ?? true,
    acceptedChanges: job.acceptedChanges ?? [],
    listeners: job.listeners ?? [],
    exitCodes: job.exitCodes ?? {},
    steps,
    flow:
      job.flow?.(flowFactory as FlowFactory<unknown, object> as FlowFactory<z.output<P>, S>) ??
      sequentialFlow(Object.keys(steps)),
  }
}
