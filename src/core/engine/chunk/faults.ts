/** What a step does about failures, resolved from its policies: the one place that waits before another attempt. */
import type { ChunkOptions } from '../../definition/step-definition.ts'
import type { SkipPolicy } from '../../definition/fault-policy.ts'
import { thrownText } from '../../model/error-description.ts'
import type { FaultPhase } from '../../model/quarantined-item.ts'
import { isServerTrouble, isTransactionFault } from '../../model/transient-error.ts'
import type { StepRun } from '../step-run.ts'
import { matchesAny } from './error-match.ts'
import type { ItemHooks } from './item-hooks.ts'
import { type RetryRules, retryRules } from './retry-rules.ts'

export interface Faults {
  readonly retry: Readonly<Record<FaultPhase, RetryRules>>
  /** Whether the error may cost the item; never what is about the transaction or the server, which no item is to blame for. */
  readonly isSkippable: (phase: FaultPhase, error: unknown) => boolean
  readonly limit: SkipPolicy['limit']
  /** Waits as long as the policy says and answers true; false when no other attempt is to be made. @throws StoppedWhileWaiting */
  readonly tryAgain: (failed: FailedAttempt) => Promise<boolean>
}

export interface FailedAttempt {
  readonly phase: FaultPhase
  readonly error: unknown
  /** From 1 on. */
  readonly attempt: number
  /** In words, made only when they are needed. */
  readonly place: () => string
}

/** A stop was asked for during a back-off. The chunk at hand is given up, and a restart begins with it. */
export class StoppedWhileWaiting extends Error {
  override readonly name = 'StoppedWhileWaiting'
}

export function createFaults(
  run: Pick<StepRun, 'clock' | 'control' | 'scope'>,
  { retry, skip }: ChunkOptions<unknown>,
  hooks: ItemHooks,
): Faults {
  const rules = {
    read: retryRules(retry, 'read'),
    process: retryRules(retry, 'process'),
    write: retryRules(retry, 'write'),
  }
  const phases = skip?.phases
  return {
    retry: rules,
    isSkippable: (phase, error) =>
      skip !== undefined &&
      phases?.includes(phase) !== false &&
      !isTransactionFault(error) &&
      !isServerTrouble(error) &&
      matchesAny(skip.on, error),
    limit: skip?.limit ?? 0,
    tryAgain: (failed) => waitForNext(run, rules[failed.phase], failed, hooks),
  }
}

async function waitForNext(
  { clock, control, scope }: Pick<StepRun, 'clock' | 'control' | 'scope'>,
  { attempts, matches, delayAfter }: RetryRules,
  { phase, error, attempt, place }: FailedAttempt,
  hooks: ItemHooks,
): Promise<boolean> {
  if (attempts === 1 || !matches(error)) return false
  const retry = { phase, error, attempt, attempts, place: place() }
  if (attempt >= attempts) {
    hooks.onRetriesExhausted?.({ ...retry, delayMilliseconds: 0 })
    return false
  }
  const delayMilliseconds = delayAfter(attempt, error)
  scope.logger.warn(
    { phase, attempt, attempts, delayMilliseconds, err: error },
    `attempt ${attempt} of ${attempts} failed (${phase}, ${retry.place}): ${thrownText(error)}`,
  )
  hooks.onRetry?.({ ...retry, delayMilliseconds })
  if (delayMilliseconds === 0) return true
  try {
    await clock.sleep(delayMilliseconds, AbortSignal.any([scope.signal, control.stop]))
  } catch (reason) {
    scope.signal.throwIfAborted()
    if (control.stop.aborted)
      throw new StoppedWhileWaiting('a stop was asked for during a back-off', { cause: reason })
    throw reason
  }
  return true
}
