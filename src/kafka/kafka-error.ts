/** What a broker or its client has answered, with Kafka's own code. */
import { isTransientKafkaCode } from '../core/model/transient-error.ts'

export interface KafkaErrorFacts {
  /** Kafka's: positive ones come from a broker, negative ones from the client. */
  readonly code: number
  /** @default by the code */
  readonly retriable?: boolean
  readonly cause?: unknown
}

export class KafkaError extends Error {
  readonly code: number
  /** Whether trying again may help. */
  readonly retriable: boolean

  constructor(message: string, { code, retriable = isTransientKafkaCode(code), cause }: KafkaErrorFacts) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'KafkaError'
    this.code = code
    this.retriable = retriable
  }
}
