/** The text that says up to where somebody has looked at events: what he could see, on which database server. */

/**
 * Everything visible in `snapshot` has been looked at. With a page, besides: of what is visible in `page.until`, the events up to
 * the id `page.after`.
 */
export interface EventCursor {
  /** The server's own number: another server counts its transactions otherwise. */
  readonly server: string
  readonly snapshot: string
  readonly page?: { readonly until: string; readonly after: string }
}

export function cursorText({ server, snapshot, page }: EventCursor): string {
  return [server, snapshot, ...(page === undefined ? [] : [page.until, page.after])].join('/')
}

/** Undefined for what no look has answered. Whether it is of this server only the server can tell. */
export function parseCursor(text: string): EventCursor | undefined {
  const [server = '', snapshot = '', until, after, ...rest] = text.split('/')
  const isOurs = isNumber(server) && isSnapshot(snapshot) && rest.length === 0
  if (!isOurs) return undefined
  if (until === undefined) return { server, snapshot }
  if (after === undefined || !isSnapshot(until) || !isNumber(after)) return undefined
  return { server, snapshot, page: { until, after } }
}

const GREATEST = 9_223_372_036_854_775_807n

function isNumber(text: string): boolean {
  return /^\d{1,19}$/.test(text) && BigInt(text) <= GREATEST
}

/** As Postgres reads it: `xmin:xmax:xip,xip…`, in ascending order, and none of them outside. */
function isSnapshot(text: string): boolean {
  const [, xmin = '', xmax = '', xip = ''] = /^(\d+):(\d+):((?:\d+(?:,\d+)*)?)$/.exec(text) ?? []
  const open = xip === '' ? [] : xip.split(',')
  if (![xmin, xmax, ...open].every(isNumber)) return false
  const numbers = open.map(BigInt)
  const isAscending = numbers.every((one, index) => index === 0 || one > (numbers[index - 1] ?? one))
  const isWithin = numbers.every((one) => one >= BigInt(xmin) && one < BigInt(xmax))
  return isAscending && isWithin && BigInt(xmin) > 0n && BigInt(xmax) >= BigInt(xmin)
}
