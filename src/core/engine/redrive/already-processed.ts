/** An output whose write has failed before: a redrive hands it to the writer as it is. */

/** Stands among a redrive's items in the place of the item that the output was made of, which nobody knows any more. */
export class AlreadyProcessed {
  readonly output: unknown

  constructor(output: unknown) {
    this.output = output
  }
}
