/** How a definition differs from the one that an execution was launched with, as far as a restart could go wrong by it. */
import type { BatchStatus } from '../model/batch-status.ts'
import type { DefinitionFingerprint, StepFingerprint } from '../model/definition-fingerprint.ts'

/** The latest status of each step that the instance has begun. */
export type StepStatuses = ReadonlyMap<string, BatchStatus>

/**
 * A sentence for each change; empty where a restart does what a restart of the old definition would have done to what has
 * been begun. Not a change: a new step behind everything that was begun, a step that was removed when its work was done, a
 * step of another kind that has not begun or is done, a parameter more or less.
 */
export function definitionChanges(
  was: DefinitionFingerprint,
  is: DefinitionFingerprint,
  statuses: StepStatuses,
): readonly string[] {
  return [
    ...parameterChanges(was.parameters, is.parameters),
    ...was.steps
      .filter((step) => stepOf(is, step.name) === undefined)
      .flatMap((step) => removal(step, statuses)),
    ...is.steps.flatMap((step) => changesOfStep(was, step, statuses)),
    ...pathChanges(was, is, statuses),
  ]
}

type Parameters = DefinitionFingerprint['parameters']

/** One that identifies makes another instance when its type changes; the others are read again from what was recorded. */
function parameterChanges(was: Parameters, is: Parameters): readonly string[] {
  return Object.entries(was)
    .filter(([name, type]) => Object.hasOwn(is, name) && is[name] !== type)
    .map(([name, type]) => `parameter ${name}: was ${type}, is ${is[name]}`)
}

/** Also of a step that has not begun: an instance that completes without it can never be run again. */
function removal({ name }: StepFingerprint, statuses: StepStatuses): readonly string[] {
  return isDone(statuses.get(name)) ? [] : [`step ${name} was removed`]
}

function changesOfStep(
  was: DefinitionFingerprint,
  step: StepFingerprint,
  statuses: StepStatuses,
): readonly string[] {
  const { name } = step
  const before = stepOf(was, name)
  const status = statuses.get(name)
  if (before === undefined || status === undefined || isDone(status)) return []
  if (before.kind !== step.kind) return [`step ${name}: was ${before.kind}, is ${step.kind}`]
  return traitChanges(name, before.traits ?? {}, step.traits ?? {})
}

type Traits = NonNullable<StepFingerprint['traits']>

function traitChanges(stepName: string, was: Traits, is: Traits): readonly string[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return names
    .filter((name) => was[name] !== is[name])
    .map((name) => `step ${stepName}: ${name} was ${was[name] ?? 'not set'}, is ${is[name] ?? 'not set'}`)
}

/** A restart takes the path again that was taken: it must lead to the same steps as far as they have begun. */
function pathChanges(
  was: DefinitionFingerprint,
  is: DefinitionFingerprint,
  statuses: StepStatuses,
): readonly string[] {
  return was.flow.sequential && is.flow.sequential
    ? [...additions(was, is, statuses), ...orderChange(was, is)]
    : flowChanges(was, is, statuses)
}

function additions(
  was: DefinitionFingerprint,
  is: DefinitionFingerprint,
  statuses: StepStatuses,
): readonly string[] {
  return is.steps.flatMap(({ name }, index) => {
    const begun = is.steps.slice(index + 1).find((other) => statuses.has(other.name))
    return stepOf(was, name) !== undefined || begun === undefined
      ? []
      : [`step ${name} was added before step ${begun.name}, which has begun`]
  })
}

/** Where a step leads that is not done is still to come; of a decision or a split nothing is known but that it stood there. */
function flowChanges(
  was: DefinitionFingerprint,
  is: DefinitionFingerprint,
  statuses: StepStatuses,
): readonly string[] {
  const isToCome = (path: string) => {
    const step = stepOf(was, path.slice(path.lastIndexOf('/') + 1))
    return step === undefined ? statuses.size === 0 : !isDone(statuses.get(step.name))
  }
  return Object.entries(was.flow.states)
    .map(([path, before]) => ({ path, before, now: is.flow.states[path] }))
    .filter(({ path, before, now }) => now !== undefined && now !== before && !isToCome(path))
    .map(({ path, before, now }) => `flow${path === '' ? '' : `, behind ${path}`}: was ${before}, is ${now}`)
}

function orderChange(was: DefinitionFingerprint, is: DefinitionFingerprint): readonly string[] {
  const before = namesIn(was, is)
  const after = namesIn(is, was)
  return before.every((name, index) => name === after[index])
    ? []
    : [`the order of the steps was ${before.join(', ')}, is ${after.join(', ')}`]
}

/** Of the steps that both have. */
function namesIn(one: DefinitionFingerprint, other: DefinitionFingerprint): readonly string[] {
  return one.steps.map(({ name }) => name).filter((name) => stepOf(other, name) !== undefined)
}

function stepOf({ steps }: DefinitionFingerprint, name: string): StepFingerprint | undefined {
  return steps.find((step) => step.name === name)
}

function isDone(status: BatchStatus | undefined): boolean {
  return status === 'COMPLETED' || status === 'ABANDONED'
}
