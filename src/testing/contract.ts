/** A contract suite: the promises of a port as cases that any test runner can run. */

export interface ContractCase {
  /** A sentence that holds: `resumes after the checkpoint of any item`. */
  readonly promise: string
  readonly check: () => Promise<void>
}
