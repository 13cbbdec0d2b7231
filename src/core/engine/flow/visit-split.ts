/** A split as a state of a flow: branches side by side. */
import type { Flow, SplitState } from '../../definition/flow-definition.ts'
import { isBatchError } from '../../model/batch-error.ts'
import { causeChain, cutText, describeOne } from '../../model/error-description.ts'
import { type Settled, settle } from '../first-error.ts'
import { combineBranches, type FlowOutcome, shareOf } from './flow-outcome.ts'

/**
 * All branches are waited for, whatever becomes of the others.
 * @throws what a branch has thrown, when no other has; of several, and beside failed branches, an AggregateError of all.
 */
export async function visitSplit(
  { branches }: SplitState,
  walk: (branch: Flow, name: string) => Promise<FlowOutcome>,
): Promise<FlowOutcome> {
  const settled = await Promise.all(
    Object.entries(branches).map(async ([name, branch]): Promise<SettledBranch> => [
      name,
      await settle(() => walk(branch, name)),
    ]),
  )
  const thrown = settled.flatMap(([name, one]) => ('error' in one ? [[name, one.error] as const] : []))
  const outcomes = settled.flatMap(([name, one]) => ('value' in one ? [[name, one.value] as const] : []))
  if (thrown.length === 0) return combineBranches(outcomes)
  const failed = outcomes.flatMap(([name, { status, error }]) =>
    status === 'FAILED' ? [[name, error] as const] : [],
  )
  throw allOf([...thrown, ...failed])
}

type SettledBranch = readonly [string, Settled<FlowOutcome>]

/** A lost lease comes before everything else: the execution is no longer ours. */
function allOf(errors: readonly (readonly [string, unknown])[]): unknown {
  const [first, ...others] = errors.map(([, error]) => error)
  const lost = errors.find(([, error]) => isBatchError(error, 'LEASE_LOST'))
  if (lost !== undefined) return lost[1]
  if (others.every((other) => other === first)) return first
  return new AggregateError(
    [first, ...others],
    errors
      .map(([name, error]) => `branch ${name}: ${cutText(messagesOf(error), shareOf(errors.length))}`)
      .join('; '),
  )
}

/** Without the stacks, which `errors` have: it is read by people. */
function messagesOf(error: unknown): string {
  return causeChain(error).map(describeOne).join(', caused by ')
}
