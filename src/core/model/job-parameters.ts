/** The parameters of an execution as they are recorded: name, Java type, text, and whether they identify the instance. */

/** A recorded parameter. `text` is the form that Spring stores in PARAMETER_VALUE. */
export interface JobParameter {
  readonly name: string
  /** One of {@link JAVA_TYPES} when written by us; whatever Spring stored when read. */
  readonly type: string
  readonly text: string
  /** Identifying parameters make the job key: the same job and key are the same JobInstance. */
  readonly identifying: boolean
}

export type JobParameters = readonly JobParameter[]

/** Spring's columns: a longer name or text is refused, never cut. */
export const PARAMETER_NAME_LIMIT = 100
export const PARAMETER_TEXT_LIMIT = 2500

/** `businessDate=2026-11-21 file=trades.csv`, for messages; non-identifying parameters stand in brackets. */
export function describeParameters(parameters: JobParameters): string {
  if (parameters.length === 0) return 'no parameters'
  return parameters
    .map((one) => (one.identifying ? `${one.name}=${one.text}` : `[${one.name}=${one.text}]`))
    .join(' ')
}
