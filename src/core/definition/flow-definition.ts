/** A job's flow as data: its states, and where each of their exit codes leads. */
import type { JobScope } from './callback-scope.ts'
import type { StepExecution } from '../model/step-execution.ts'

/** Also a value to be used again: as a branch of a split, or as a state of another flow. */
export interface Flow<C extends string = string> {
  readonly kind: 'flow'
  readonly start: string
  /** A step that is only named as a target is a state without transitions. */
  readonly states: Readonly<Record<string, FlowState>>
  /** The exit codes that its ends give. Never set: it only holds the type. */
  readonly exitCode?: C
}

export type FlowState = StepState | DecisionState | SplitState | NestedFlowState

export interface Transitions {
  /** In the order in which they are tried: the most specific pattern first. */
  readonly transitions: readonly Transition[]
  /** Where it goes when it has COMPLETED and no transition matches. Undefined ends the flow as the state ended. */
  readonly next: Target | undefined
}

export interface Transition {
  /** An exit code; `*` stands for any characters, `?` for one. */
  readonly on: string
  readonly target: Target
}

/** Named as the step that it runs. */
export interface StepState extends Transitions {
  readonly kind: 'step'
}

/** Its answer is matched with the transitions as an exit code is. Asked each time, on a restart too. */
export interface DecisionState extends Transitions {
  readonly kind: 'decision'
  readonly decide: Decider<unknown, string>
}

/** Its branches run side by side, and all of them to their end. */
export interface SplitState extends Transitions {
  readonly kind: 'split'
  readonly branches: Readonly<Record<string, Flow>>
}

export interface NestedFlowState extends Transitions {
  readonly kind: 'nested'
  readonly flow: Flow
}

export interface DecisionScope<P> extends JobScope<P> {
  /**
   * The step before, as it ended in this execution or an earlier one: behind a flow within the flow its last one. Undefined at the
   * beginning, and behind a split.
   */
  readonly stepExecution: StepExecution | undefined
}

export type Decider<P, O extends string> = (scope: DecisionScope<P>) => O | Promise<O>

export type Target = ToState | FlowEnding<string>
export type FlowEnding<T extends string, C extends string = string> = EndFlow<C> | FailFlow | StopFlow<T, C>

export interface ToState {
  readonly kind: 'to'
  readonly state: string
}

/** COMPLETED, with this exit code. */
export interface EndFlow<C extends string = string> {
  readonly kind: 'end'
  readonly exitCode: C
}

/** FAILED: a restart runs again what has failed. */
export interface FailFlow {
  readonly kind: 'fail'
}

/** STOPPED. A restart begins at the state named; without one it walks the flow again from its beginning. */
export interface StopFlow<T extends string = string, C extends string = string> {
  readonly kind: 'stop'
  readonly exitCode: C
  readonly restartAt: T | undefined
}

/** Each step behind the one before, as long as they complete, whatever their exit codes. */
export function sequentialFlow(stepNames: readonly string[]): Flow {
  const states = stepNames.map((name, index): [string, StepState] => {
    const following = stepNames[index + 1]
    const next: Target | undefined = following === undefined ? undefined : { kind: 'to', state: following }
    return [name, { kind: 'step', transitions: [], next }]
  })
  return { kind: 'flow', start: stepNames[0] ?? '', states: Object.fromEntries(states) }
}

/** A step that has no entry of its own ends the flow as it ended. */
export function stateOf(flow: Flow, name: string): FlowState {
  return Object.hasOwn(flow.states, name)
    ? (flow.states[name] as FlowState)
    : { kind: 'step', transitions: [], next: undefined }
}
