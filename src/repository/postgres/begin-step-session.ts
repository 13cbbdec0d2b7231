/** Begins a step execution, and opens the session that does its work. */
import type { StepBegin, StepSession } from '../../core/ports/step-session.ts'
import { insertStep } from './begin-step.ts'
import { insertStepOnce } from './begin-step-again.ts'
import { explainRefusal, whileFenced } from './fence.ts'
import { classified, isConnectionLoss } from './postgres-errors.ts'
import { untilReachable } from './reconnect-step.ts'
import { StepConnection } from './step-connection.ts'
import { sessionOn, type StepPlace } from './step-session.ts'

/**
 * When the connection is lost, on a fresh one: nothing of the step has been done yet, and its row is found again.
 * @throws BatchError LEASE_LOST, REPOSITORY_UNAVAILABLE
 */
export async function beginStep(place: StepPlace, begin: StepBegin): Promise<StepSession> {
  const attempt = (insert: typeof insertStep) => beginWith(place, begin, insert)
  try {
    return await attempt(insertStep).catch((error: unknown) => {
      if (!isConnectionLoss(error)) throw error
      return untilReachable(() => attempt(insertStepOnce))
    })
  } catch (error) {
    throw classified(error, place.address, `beginning step '${begin.stepName}'`, 'unknown')
  }
}

async function beginWith(
  place: StepPlace,
  begin: StepBegin,
  insert: typeof insertStep,
): Promise<StepSession> {
  const { tables } = place.address
  const connection = await StepConnection.open(place.source)
  try {
    const stepExecution = await whileFenced(
      () => insert(connection.run, tables, place.claim, begin),
      () => explainRefusal(connection.run, tables, place.claim),
    )
    return sessionOn(place, connection, stepExecution)
  } catch (error) {
    await connection.discard()
    throw error
  }
}
