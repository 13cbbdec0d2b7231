/** What can go wrong with a request to Cassandra in memory, shaped like the driver's errors. */

export interface CassandraDisturbance {
  /**
   * `overloaded` and `unavailable` hit any request, before it has done anything; the timeouts hit reads, writes, or lightweight
   * transactions only; `away` is no answer from any host, also to whoever opens a session; `empty-page` answers a select
   * without rows.
   */
  readonly kind:
    | 'overloaded'
    | 'unavailable'
    | 'away'
    | 'read-timeout'
    | 'write-timeout'
    | 'lwt-timeout'
    | 'refused'
    | 'empty-page'
  /** How many requests are hit. @default 1 */
  readonly times?: number
  /** Every so many of them only. @default 1: the next ones */
  readonly every?: number
  /** Of a write that times out: whether it is done nevertheless. @default true */
  readonly applied?: boolean
}

export type ExpectedKind = 'open' | 'select' | 'write' | 'lwt'

export interface Disturbances {
  readonly add: (disturbance: CassandraDisturbance) => void
  /** `apply` does what a write that times out may have done. @throws the error of a disturbance that hits */
  readonly pass: (kind: ExpectedKind, apply?: () => unknown) => Promise<void>
  readonly isPageEmpty: () => boolean
}

const HITS: Readonly<Record<Exclude<CassandraDisturbance['kind'], 'empty-page'>, readonly ExpectedKind[]>> = {
  overloaded: ['select', 'write', 'lwt'],
  unavailable: ['select', 'write', 'lwt'],
  refused: ['select', 'write', 'lwt'],
  away: ['open', 'select', 'write', 'lwt'],
  'read-timeout': ['select'],
  'write-timeout': ['write'],
  'lwt-timeout': ['lwt'],
}

export function disturbances(): Disturbances {
  let waiting: { readonly disturbance: CassandraDisturbance; left: number; passed: number }[] = []
  const hit = (matches: (disturbance: CassandraDisturbance) => boolean): CassandraDisturbance | undefined => {
    const found = waiting.find(({ disturbance }) => matches(disturbance))
    if (found === undefined) return undefined
    found.passed += 1
    if (found.passed % (found.disturbance.every ?? 1) !== 0) return undefined
    found.left -= 1
    waiting = waiting.filter(({ left }) => left > 0)
    return found.disturbance
  }
  return {
    add: (disturbance) => void waiting.push({ disturbance, left: disturbance.times ?? 1, passed: 0 }),
    pass: async (kind, apply) => {
      const found = hit((one) => one.kind !== 'empty-page' && HITS[one.kind].includes(kind))
      if (found === undefined) return
      if (found.kind.endsWith('timeout') && found.applied !== false) apply?.()
      throw errorOf(found)
    },
    isPageEmpty: () => hit(({ kind }) => kind === 'empty-page') !== undefined,
  }
}

function errorOf({ kind }: CassandraDisturbance): Error {
  switch (kind) {
    case 'overloaded':
      return responseError(0x1001, 'Server is overloaded')
    case 'unavailable':
      return responseError(0x1000, 'Cannot achieve consistency level LOCAL_QUORUM')
    case 'read-timeout':
      return responseError(0x1200, 'Server timeout during read query')
    case 'write-timeout':
      return responseError(0x1100, 'Server timeout during write query', { writeType: 'SIMPLE' })
    case 'lwt-timeout':
      return responseError(0x1100, 'Server timeout during write query', { writeType: 'CAS' })
    case 'refused':
      return responseError(0x2200, 'The request was refused')
    case 'away':
      return Object.assign(new Error('All host(s) tried for query failed.'), { name: 'NoHostAvailableError' })
    case 'empty-page':
      return new Error('an empty page is no error')
  }
  return kind satisfies never
}

/** Of the name and the code by which the driver's errors are known. */
export function responseError(code: number, message: string, facts: object = {}): Error {
  return Object.assign(new Error(message), { name: 'ResponseError', code, ...facts })
}
