/** One logical run of a job: its name and its identifying parameters. */

export interface JobInstance {
  readonly id: string
  readonly jobName: string
  /** See `jobKey`. */
  readonly jobKey: string
}
