/** What an operation answers. */

export interface Answer {
  readonly status: number
  readonly json?: Readonly<Record<string, unknown>>
  readonly body?: string | ReadableStream<Uint8Array> | null
  readonly headers?: Readonly<Record<string, string>>
}
