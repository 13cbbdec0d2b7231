/** Failures put together by what they are, so that a million of them are read as a few. */
import { isBatchError } from '../../model/batch-error.ts'
import { quarantinedError } from '../../model/quarantine-payload.ts'
import type { FaultPhase } from '../../model/quarantined-item.ts'
import { describePosition, type Position } from '../../ports/item-reader.ts'
import type { FailureClass } from './dry-run-report.ts'

const POSITIONS = 5
/** Kinds of errors beyond it are counted as one: the report must not grow with the input. */
const MOST_CLASSES = 50

export interface FailureCollector {
  readonly add: (phase: FaultPhase, error: unknown, position: Position | undefined) => void
  readonly count: () => number
  /** The most frequent first. */
  readonly classes: () => readonly FailureClass[]
}

interface GrowingClass extends FailureClass {
  count: number
  readonly positions: string[]
}

export function createFailureCollector(): FailureCollector {
  const classes = new Map<string, GrowingClass>()
  let count = 0
  return {
    add: (phase, error, position) => {
      count += 1
      const { type, message } = quarantinedError(cameFrom(error))
      const known = classes.get(`${phase} ${type}`)
      const key = known === undefined && classes.size >= MOST_CLASSES ? `${phase} others` : `${phase} ${type}`
      const found = classes.get(key) ?? { phase, error: type, count: 0, message, positions: [] }
      classes.set(key, found)
      found.count += 1
      if (position !== undefined && found.positions.length < POSITIONS)
        found.positions.push(describePosition(position))
    },
    count: () => count,
    classes: () => [...classes.values()].toSorted((one, other) => other.count - one.count),
  }
}

/** What is behind the engine's own error, which says where. */
function cameFrom(error: unknown): unknown {
  const wraps =
    isBatchError(error, 'READ_FAILED') ||
    isBatchError(error, 'PROCESS_FAILED') ||
    isBatchError(error, 'WRITE_FAILED')
  return wraps && error.cause !== undefined ? cameFrom(error.cause) : error
}
