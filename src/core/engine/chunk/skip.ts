/** An item that a chunk leaves out, and how it is told of. */
import { isBatchError } from '../../model/batch-error.ts'
import { causeChain, thrownText } from '../../model/error-description.ts'
import { quarantinedError, quarantinePayload, quarantineRaw } from '../../model/quarantine-payload.ts'
import type { FaultPhase, QuarantinedItem } from '../../model/quarantined-item.ts'
import { describePosition, type Position } from '../../ports/item-reader.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ItemHooks } from './item-hooks.ts'

export interface Skip {
  readonly phase: FaultPhase
  /** As it was thrown, before the framework added its words. */
  readonly error: unknown
  readonly position: Position
  /** What the phase was given: the record as it stands in the source, the item, the output. */
  readonly subject: unknown
  /** The record is not all there: see `ReadFault.isLossy`. */
  readonly isLossy?: true
}

export function quarantinedItem({ phase, error, position, subject, isLossy }: Skip): QuarantinedItem {
  const fidelity = isLossy === true ? 'lossy' : 'exact'
  return {
    phase,
    payload: phase === 'read' ? quarantineRaw(String(subject), fidelity) : quarantinePayload(subject),
    position,
    error: quarantinedError(authorsError(error)),
  }
}

/** After the commit: one warning for each, and the listeners. */
export function reportSkips(skips: readonly Skip[], hooks: ItemHooks, logger: Logger): void {
  for (const { phase, error, position, subject } of skips) {
    const reason = thrownText(authorsError(error))
    logger.warn(
      { phase, position: loggable(position), err: error },
      `skipped ${describePosition(position)} (${phase}): ${reason}`,
    )
    switch (phase) {
      case 'read':
        hooks.onSkipInRead?.(error, String(subject), position)
        break
      case 'process':
        hooks.onSkipInProcess?.(error, subject, position)
        break
      case 'write':
        hooks.onSkipInWrite?.(error, subject, position)
        break
      default:
        phase satisfies never
    }
  }
}

/** JSON knows no bigint. */
function loggable(position: Position): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    Object.entries(position).map(([key, value]) => [key, typeof value === 'bigint' ? String(value) : value]),
  )
}

/** Beneath the framework's own: `23505` says more than WRITE_FAILED, and `item 3 of the chunk` nothing once it is alone. */
function authorsError(error: unknown): unknown {
  return causeChain(error).find((one) => !isBatchError(one)) ?? error
}
