/** Parameters that belong to the framework: recorded and shown like any other, but no schema has to name them. */
import type { JobParameter, JobParameters } from './job-parameters.ts'

/** Spring's `RunIdIncrementer`: what makes a new instance of otherwise equal parameters. */
export const RUN_ID = 'run.id'

/** Identifies the instance of a redrive; its value is the batch of the quarantine. */
export const REDRIVE = 'batchwright.redrive'

const RESERVED_PREFIX = 'batchwright.'

export function isFrameworkParameter(name: string): boolean {
  return name === RUN_ID || name.startsWith(RESERVED_PREFIX)
}

/** An instance beside the job's own sequence, such as a redrive: its parameters are nobody's to begin the next run from. */
export function isBesideSequence(parameters: JobParameters): boolean {
  return parameters.some(({ name }) => name.startsWith(RESERVED_PREFIX))
}

export function runIdParameter(runId: bigint): JobParameter {
  return { name: RUN_ID, type: 'java.lang.Long', text: String(runId), identifying: true }
}

/** Zero where there is none, or none that can be counted on from, as Spring does. */
export function runIdOf(parameters: JobParameters): bigint {
  const text = parameters.find(({ name }) => name === RUN_ID)?.text ?? ''
  return /^-?\d{1,19}$/.test(text) ? BigInt(text) : 0n
}

export function redriveParameter(batchId: string): JobParameter {
  return { name: REDRIVE, type: 'java.lang.Long', text: batchId, identifying: true }
}

/** The batch that this execution redrives; undefined for any other. */
export function redriveBatchOf({
  jobParameters,
}: {
  readonly jobParameters: JobParameters
}): string | undefined {
  return jobParameters.find(({ name }) => name === REDRIVE)?.text
}
