/** A part of a step's input that is read, processed and written apart from the others. */
import type { ExecutionContext } from './execution-context.ts'
import type { JsonValue } from './json-value.ts'
import type { StepCounts } from './step-execution.ts'

export interface Partition<V = JsonValue> {
  /** Short, and unique within the step: it is recorded behind the step's name, as in `load:part1`. */
  readonly name: string
  /** Says which part it is: a range, a file name. Stored once with the plan; never part of a name. */
  readonly value: V
}

/** In any order; each name once. The order is that in which they are claimed, so put the longest first. */
export type Partitions<V> = Iterable<Partition<V>> | AsyncIterable<Partition<V>>

/** A partition that has been completed, as an aggregation sees it. */
export interface PartitionResult<V = JsonValue> extends Partition<V> {
  /** Over all its executions. */
  readonly counts: StepCounts
  /** What its callbacks left in their step context. */
  readonly context: ExecutionContext
}

/** Between the step's name and the partition's, as in Spring. */
export const PARTITION_SEPARATOR = ':'

export function partitionStepName(stepName: string, partitionName: string): string {
  return `${stepName}${PARTITION_SEPARATOR}${partitionName}`
}
