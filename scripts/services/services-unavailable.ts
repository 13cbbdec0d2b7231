/** The one error of these scripts: a server, or what it needs, cannot be had. Its message names the next step. */

export class ServicesUnavailable extends Error {
  override readonly name = 'ServicesUnavailable'
}
