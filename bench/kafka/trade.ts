/** What is moved, and from where to where. */
import type { ClientConfig } from 'pg'
import { z } from 'zod'

export interface Transfer {
  readonly brokers: string
  readonly connection: ClientConfig & {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  readonly records: number
  readonly chunkSize: number
  readonly source: { readonly topic: string; readonly table: string }
  readonly target: { readonly topic: string; readonly table: string }
}

/** Both sides check each record with it. */
export const Trade = z.object({
  id: z.int(),
  isin: z.string(),
  trader: z.string(),
  quantity: z.int(),
  price: z.number(),
  note: z.string(),
})

export type Trade = z.infer<typeof Trade>

export const COLUMNS = ['id', 'isin', 'trader', 'quantity', 'price', 'note'] as const
