/** Tells, on a restart in the middle of a loop, which steps have completed in an earlier round only. */
import type { Flow } from '../../definition/flow-definition.ts'
import { reachableFrom, statesOf, waysFrom } from '../../definition/flow-graph.ts'
import type { FlowRun } from './flow-run.ts'

/**
 * In a loop of a and b, a second round that was interrupted in a has left b complete, but of the first round: its latest
 * execution is older than that of a, which comes before it. Such a step is begun anew, as if the flow came back to it.
 */
export function isOfEarlierRound(
  run: FlowRun,
  flow: Flow,
  before: string | undefined,
  name: string,
): boolean {
  if (before === undefined || !leadsTo(flow, name, before)) return false
  const [earlier, own] = [run.beganWith.get(before), run.beganWith.get(name)]
  return earlier !== undefined && own !== undefined && BigInt(own) < BigInt(earlier)
}

function leadsTo(flow: Flow, from: string, to: string): boolean {
  return waysFrom(flow, from)
    .flatMap(({ target }) => statesOf(target))
    .some((state) => reachableFrom(flow, state).includes(to))
}
