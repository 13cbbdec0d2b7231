/** How a chunk-oriented step ends that has not failed. */
import { exitStatus } from '../../model/exit-status.ts'
import { stoppedExitStatus } from '../run-control.ts'
import type { StepEnding } from '../step-execution-runner.ts'
import type { StepOutcome, StepRun } from '../step-run.ts'

export function chunkEnding({ control }: StepRun, outcome: StepOutcome): StepEnding {
  return outcome === 'completed'
    ? { status: 'COMPLETED', exitStatus: exitStatus('COMPLETED') }
    : { status: 'STOPPED', exitStatus: stoppedExitStatus(control) }
}
