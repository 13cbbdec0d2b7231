/** What made a run begin, and in what kind of process it goes on. */

/**
 * `program`: code that called the operator. `command`: the command line. `schedule`: a slot of a schedule, or somebody who triggered
 * one. `http`: a request. `external`: a scheduler that said its name, by command or request.
 */
export const TRIGGER_TYPES = ['program', 'command', 'schedule', 'http', 'external'] as const
export type TriggerType = (typeof TRIGGER_TYPES)[number]

export interface Trigger {
  readonly type: TriggerType
  /** Of the schedule, or what the scheduler calls itself: `airflow:eod`. At most {@link TRIGGER_NAME_LIMIT} characters. */
  readonly name: string | null
}

export const TRIGGER_NAME_LIMIT = 200

/** As people and addresses write it: `schedule:nightly`. */
export function triggerText({ type, name }: Trigger): string {
  return name === null ? type : `${type}:${name}`
}

/** The first colon ends the type; a name may have others. Undefined where it begins with no type. */
export function parseTrigger(
  text: string,
): { readonly type: TriggerType; readonly name?: string } | undefined {
  const [word, ...rest] = text.split(':')
  const type = TRIGGER_TYPES.find((one) => one === word)
  return type && { type, ...(rest.length > 0 && { name: rest.join(':') }) }
}

/** What kind of process runs it, which decides who continues it when that process ends. */
export const RUNNERS = ['program', 'command', 'scheduler', 'server'] as const
export type Runner = (typeof RUNNERS)[number]

/** Recorded with every launch of ours. */
export interface LaunchFacts {
  readonly trigger: Trigger
  readonly runner: Runner
}
