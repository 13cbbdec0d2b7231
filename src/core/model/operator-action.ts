/** What was asked of an execution from outside, by whom and when. */

/** `interrupt`: stopped because the process that runs it ends, and to be continued by another. */
export const OPERATOR_ACTIONS = ['launch', 'stop', 'interrupt', 'abandon', 'recover'] as const

export interface OperatorAction {
  readonly action: (typeof OPERATOR_ACTIONS)[number]
  readonly at: Date
  /** Who asked: `anna@build-7 pid 4711`, or the name that the caller gave. At most {@link REQUESTER_LIMIT} characters. */
  readonly by: string
}

export const REQUESTER_LIMIT = 200
