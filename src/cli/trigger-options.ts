/** What made an execution begin, as options of commands say it: `schedule:nightly`. */
import { InvalidArgumentError } from 'commander'
import { parseTrigger, TRIGGER_NAME_LIMIT, TRIGGER_TYPES } from '../core/model/launch-facts.ts'
import type { TriggerFilter } from '../core/ports/job-repository.ts'

/** @throws InvalidArgumentError */
export function triggerFilter(text: string): TriggerFilter {
  const trigger = parseTrigger(text)
  if (trigger !== undefined) return trigger
  throw new InvalidArgumentError(`It begins with one of ${TRIGGER_TYPES.join(', ')}.`)
}

/** What a scheduler calls itself. @throws InvalidArgumentError */
export function triggerName(text: string): string {
  if (text.trim() !== '' && text.length <= TRIGGER_NAME_LIMIT) return text
  throw new InvalidArgumentError(`It must be a name of 1 to ${TRIGGER_NAME_LIMIT} characters.`)
}
