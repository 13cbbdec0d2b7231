/** What a job's `flow` function is given: it makes the flow, typed by the job's parameters, its steps and their exit codes. */
import { compareSpecificity } from './exit-code-pattern.ts'
import {
  type Decider,
  type EndFlow,
  type FailFlow,
  type Flow,
  type FlowEnding,
  type FlowState,
  sequentialFlow,
  type StopFlow,
  type Target,
  type Transitions,
} from './flow-definition.ts'

/** What every step may end with; a step that is stopped ends the flow. */
export type StandardExitCode = 'COMPLETED' | 'FAILED'

/** `*` stands for any characters, `?` for one. */
type Pattern = `${string}*${string}` | `${string}?${string}`

/** The name of a state or step, or an end of the flow. */
export type FlowTarget<T extends string = string> = T | FlowEnding<T>

/**
 * Where each exit code leads; of several patterns that match, the most specific counts. A name alone: there when it has
 * COMPLETED, whatever its exit code. What no transition matches ends the flow: well where the state has completed, as
 * FAILED where it has not.
 */
export type FlowTransitions<C extends string = string, T extends string = string> =
  | T
  | { readonly [K in C | Pattern]?: FlowTarget<T> }

/** A state that is no step: its name is up to you. `C` are the exit codes of the ends within it, `T` its targets. */
export interface FlowPart<T extends string = string, X = unknown> {
  readonly kind: 'part'
  readonly state: Exclude<FlowState, { kind: 'step' }>
  readonly targets?: T | undefined
  readonly transitions?: X | undefined
}

type StepNames<S> = keyof S & string
type Names<S, G> = StepNames<S> | (keyof G & string)
type ExitCodesOf<D> = D extends { readonly exitCode?: infer C } ? Exclude<C, undefined> & string : never

/**
 * By the name of a step its transitions; by a name of your own a decision, a split, or another flow. Where the names of the
 * steps are not known before the job runs, anything goes, and `checkDefinition` tells.
 */
type StatesOf<S, G> = {
  readonly [K in keyof G]: string extends StepNames<S>
    ? FlowTransitions | FlowPart
    : K extends StepNames<S>
      ? G[K] extends string
        ? Names<S, G>
        : OnlyGiven<G[K], StandardExitCode | ExitCodesOf<S[K]>, FlowTarget<Names<S, G>>>
      : FlowPart<Names<S, G>>
}

/** An exit code that is never given is a mistake, most often of spelling. */
type OnlyGiven<X, C extends string, T = unknown> = X extends string
  ? unknown
  : {
      readonly [K in keyof X]: K extends C | Pattern
        ? T
        : { readonly mistake: `${K & string} is never given here` }
    }

/** The exit codes with which a flow can end by `end('…')`. */
type EndCodes<G> = { [K in keyof G]: EndCode<TransitionsIn<G[K]>> }[keyof G]
type TransitionsIn<X> = X extends FlowPart<string, infer R> ? R : X
type EndCode<X> = X extends object
  ? { [K in keyof X]: X[K] extends EndFlow<infer C> ? Exclude<C, 'COMPLETED'> : never }[keyof X]
  : never
type BranchCodes<B> = { [K in keyof B]: B[K] extends Flow<infer C> ? C : never }[keyof B]

type Answers<O extends string, T extends string> =
  | { readonly [K in O]: FlowTarget<T> }
  | ({ readonly [K in O]?: FlowTarget<T> } & { readonly '*': FlowTarget<T> })

/** The names that a part's transitions lead to, so that the flow around it can check them. */
type TargetNames<X> = X extends string ? X : { [K in keyof X]: TargetName<X[K]> }[keyof X]
type TargetName<T> = T extends string ? T : T extends StopFlow<infer R> ? R : never

/** A state without transitions ends the flow as it has ended itself. */
type Nowhere = Readonly<Record<never, never>>

export interface FlowFactory<P, S> {
  /** A flow that begins with `start`, a state or a step. Also for branches and nested flows. */
  readonly flow: <const G extends StatesOf<S, G>>(start: Names<S, G>, states: G) => Flow<EndCodes<G>>
  /** Asks which way to go. Every answer needs a transition. A restart asks again. */
  readonly decide: <O extends string, const X extends Answers<O, string>>(
    decider: Decider<P, O>,
    transitions: X & OnlyGiven<X, O>,
  ) => FlowPart<TargetNames<X>, X>
  /** Branches that run side by side: names of steps in their order, or flows. All of them run to their end. */
  readonly split: <
    const B extends Readonly<Record<string, readonly StepNames<S>[] | Flow>>,
    const X extends FlowTransitions<StandardExitCode | BranchCodes<B>> = Nowhere,
  >(
    branches: B,
    transitions?: X & OnlyGiven<X, StandardExitCode | BranchCodes<B>>,
  ) => FlowPart<TargetNames<NoInfer<X>>, NoInfer<X>>
  /** A flow as one state; what it ends with is its exit code. */
  readonly nested: <C extends string, const X extends FlowTransitions<StandardExitCode | C> = Nowhere>(
    flow: Flow<C>,
    transitions?: X & OnlyGiven<X, StandardExitCode | C>,
  ) => FlowPart<TargetNames<NoInfer<X>>, NoInfer<X>>
  /** COMPLETED. @default with the exit code COMPLETED */
  readonly end: <const C extends string = 'COMPLETED'>(exitCode?: C) => EndFlow<C>
  /** FAILED; a restart runs again what has failed. */
  readonly fail: () => FailFlow
  /** STOPPED; a restart begins at `restartAt`, or walks the flow again from its start. */
  readonly stop: <const T extends string = never>(options?: {
    readonly restartAt?: T
    readonly exitCode?: string
  }) => StopFlow<T>
}

/** One factory serves every job: what it may be given is the compiler's knowledge, not ours. */
export const flowFactory: FlowFactory<unknown, Record<string, object>> = {
  flow: (start, states) => ({ kind: 'flow', start, states: flowStates(states) }),
  decide: (decide, transitions) => part({ kind: 'decision', decide, ...routes(transitions) }),
  split: (branches, transitions = {} as never) =>
    part({ kind: 'split', branches: flowBranches(branches), ...routes(transitions) }),
  nested: (flow, transitions = {} as never) => part({ kind: 'nested', flow, ...routes(transitions) }),
  end: <C extends string>(exitCode?: C) => ({ kind: 'end', exitCode: exitCode ?? ('COMPLETED' as C) }),
  fail: () => ({ kind: 'fail' }),
  stop: ({ restartAt, exitCode = 'STOPPED' } = {}) => ({ kind: 'stop', exitCode, restartAt }),
}

function flowStates(states: Readonly<Record<string, unknown>>): Flow['states'] {
  const entries = Object.entries(states).map(([name, state]): [string, FlowState] => [
    name,
    isPart(state) ? state.state : { kind: 'step', ...routes(state) },
  ])
  return Object.fromEntries(entries)
}

function flowBranches(
  branches: Readonly<Record<string, readonly string[] | Flow>>,
): Readonly<Record<string, Flow>> {
  const entries = Object.entries(branches).map(([name, branch]): [string, Flow] => [
    name,
    'kind' in branch ? branch : sequentialFlow(branch),
  ])
  return Object.fromEntries(entries)
}

function routes(transitions: unknown): Transitions {
  if (typeof transitions === 'string') return { transitions: [], next: targetOf(transitions) }
  const entries = Object.entries(transitions as Readonly<Record<string, FlowTarget>>)
  return {
    transitions: entries
      .map(([on, target]) => ({ on, target: targetOf(target) }))
      .toSorted((one, other) => compareSpecificity(one.on, other.on)),
    next: undefined,
  }
}

function targetOf(target: FlowTarget): Target {
  return typeof target === 'string' ? { kind: 'to', state: target } : target
}

function part(state: FlowPart['state']): FlowPart<never, never> {
  return { kind: 'part', state }
}

function isPart(state: unknown): state is FlowPart {
  return typeof state === 'object' && state !== null && 'kind' in state && state.kind === 'part'
}
