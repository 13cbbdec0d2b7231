/** What an operator can do. The command line, a scheduler and a server are thin callers of this. */
import { parseParameterTexts } from '../definition/parse-parameters.ts'
import { childLauncher } from './child-launcher.ts'
import { dryRun, type DryRunOptions } from './dry-run/dry-run.ts'
import type { DryRunReport } from './dry-run/dry-run-report.ts'
import { RUN_EVENTS, type RunObserver } from '../ports/run-observer.ts'
import { type ExecutionOperations, executionOperations } from './execution-operations.ts'
import { explainJob, type StepExplanation } from './explain-job.ts'
import { type FireOperations, fireOperations } from './fire-operations.ts'
import { guardObserver } from './guard-observer.ts'
import { launchOperations } from './launch-operations.ts'
import type { LaunchOperations } from './launch-order.ts'
import { type LookOperations, lookOperations } from './look-operations.ts'
import type { OperatorParts } from './operator-parts.ts'
import { purgeHistory, type PurgeOptions, type PurgeReport } from './purge-history.ts'
import { type QuarantineOperations, quarantineOperations } from './quarantine-operations.ts'
import { launchParsed, type StartOperations, startOperations } from './start-operations.ts'

export type { RestartOptions } from './start-operations.ts'
export type { StartedJob, StartOptions } from './started-job.ts'

export interface JobOperator
  extends
    StartOperations,
    ExecutionOperations,
    QuarantineOperations,
    FireOperations,
    LaunchOperations,
    LookOperations {
  /**
   * Deletes instances that are over, with all that belongs to them, a few in each transaction. What was purged can be started
   * anew, as if it had never run. @throws BatchError INVALID_CONFIGURATION
   */
  readonly purge: (options: PurgeOptions) => Promise<PurgeReport>
  /**
   * Reads and processes nothing: what each step would do with these parameters, and what it guarantees on this repository.
   * @throws BatchError NO_SUCH_JOB, INVALID_JOB_PARAMETERS
   */
  readonly explain: (
    jobName: string,
    parameters: Readonly<Record<string, string>>,
  ) => Promise<readonly StepExplanation[]>
  /**
   * Everything but the commit: reads, processes, writes where the transaction takes it back, and reports what would have
   * happened. Nothing is recorded, no lease is taken, no file is left. Failures are collected, not thrown.
   * @throws BatchError NO_SUCH_JOB, INVALID_JOB_PARAMETERS, INVALID_CONFIGURATION
   */
  readonly dryRun: (
    jobName: string,
    parameters: Readonly<Record<string, string>>,
    options?: DryRunOptions,
  ) => Promise<DryRunReport>
}

export function createJobOperator(given: OperatorParts): JobOperator {
  const parts: OperatorParts = {
    ...given,
    launchChild: childLauncher(given, (job, parsed, options) => launchParsed(parts, job, parsed, options)),
  }
  const { repository, registry } = parts
  return {
    ...executionOperations(parts),
    ...quarantineOperations(parts),
    ...fireOperations(parts),
    ...launchOperations(parts),
    ...startOperations(parts),
    ...lookOperations(parts),
    purge: (options) => purgeHistory(repository, options),
    explain: async (jobName, parameters) => {
      const job = registry.find(jobName)
      const { values } = await parseParameterTexts(jobName, job.parameters, parameters)
      return explainJob(job, values, repository, parts.logger)
    },
    dryRun: async (jobName, parameters, options = {}) => {
      const job = registry.find(jobName)
      const parsed = await parseParameterTexts(jobName, job.parameters, parameters)
      const observer = guardObserver<RunObserver>(options.observer ?? {}, RUN_EVENTS, parts.logger)
      const rehearsal = parts.rehearsalOf(repository)
      return dryRun({ ...parts, rehearsal }, job, parsed, { ...options, observer })
    },
  }
}
