/** How a step starts another job: through the operator, which the engine does not know. */
import type { ChildJob } from '../definition/step-definition.ts'
import type { ExitStatus } from '../model/exit-status.ts'
import type { JobParameters } from '../model/job-parameters.ts'
import type { LaunchFacts } from '../model/launch-facts.ts'
import type { RunObserver } from '../ports/run-observer.ts'
import type { TraceContext } from '../ports/tracing.ts'
import type { RunOutcome } from './run-outcome.ts'

export interface ChildLauncher {
  /** What would be recorded of these parameters. @throws BatchError INVALID_JOB_PARAMETERS */
  readonly record: (job: ChildJob, input: unknown) => Promise<JobParameters>
  /** Starts the instance of these parameters, or goes on with it. @throws as a start does, but for a complete instance */
  readonly launch: (job: ChildJob, recorded: JobParameters, options: ChildOptions) => Promise<ChildLaunch>
}

/** Triggered and run by what has triggered and runs the job that starts it. */
export interface ChildOptions extends Partial<LaunchFacts> {
  readonly observer: RunObserver
  /** As the job that runs it. */
  readonly acceptChanges: boolean
  /** Of the step that runs it. */
  readonly traceContext?: TraceContext
}

export type ChildLaunch =
  | { readonly kind: 'started'; readonly jobExecutionId: string; readonly run: ChildRun }
  | { readonly kind: 'complete'; readonly jobExecutionId: string; readonly exitStatus: ExitStatus }

export interface ChildRun {
  readonly stop: (reason: string) => void
  /** Ends it as STOPPED where this is a StopRequested. */
  readonly abort: (reason: Error) => void
  readonly ended: Promise<RunOutcome>
}
