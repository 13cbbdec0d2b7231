/** What made an execution begin, as a person reads and writes it: `schedule:nightly`. */
import { InvalidArgumentError } from 'commander'
import { type Trigger, TRIGGER_NAME_LIMIT, TRIGGER_TYPES } from '../core/model/launch-facts.ts'
import type { TriggerFilter } from '../core/ports/job-repository.ts'

export function triggerText({ type, name }: Trigger): string {
  return name === null ? type : `${type}:${name}`
}

/** The first colon ends the type; a name may have others. @throws InvalidArgumentError */
export function triggerFilter(text: string): TriggerFilter {
  const [word = '', ...rest] = text.split(':')
  const type = TRIGGER_TYPES.find((one) => one === word)
  if (type === undefined) throw new InvalidArgumentError(`It begins with one of ${TRIGGER_TYPES.join(', ')}.`)
  return rest.length === 0 ? { type } : { type, name: rest.join(':') }
}

/** What a scheduler calls itself. @throws InvalidArgumentError */
export function triggerName(text: string): string {
  if (text.trim() !== '' && text.length <= TRIGGER_NAME_LIMIT) return text
  throw new InvalidArgumentError(`It must be a name of 1 to ${TRIGGER_NAME_LIMIT} characters.`)
}
