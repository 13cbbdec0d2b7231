/** What the paths between logs, tables and rows move. */
import { z } from 'zod'

export const Trade = z.object({ id: z.int(), account: z.string(), amount: z.int() })
export type Trade = z.infer<typeof Trade>

export const TRADES = 6_000

/** Ids from here on stand in transactions that were aborted. */
export const ABORTED = 1_000_000

export function tradeOf(id: number): Trade {
  return { id, account: `account ${id % 97}`, amount: (id * 7919) % 10_007 }
}

export const ALL_TRADES: readonly Trade[] = Array.from({ length: TRADES }, (_, id) => tradeOf(id))
