/** A trade as each contender validates it: the same zod schema for all. */
import { z } from 'zod'

export const Trade = z.object({
  id: z.coerce.number().int(),
  first_name: z.string(),
  last_name: z.string(),
  traded_on: z.iso.date(),
  quantity: z.coerce.number().int(),
  venue: z.coerce.number().int(),
  price: z.coerce.number(),
  note: z.string(),
})

export type TradeRow = z.output<typeof Trade>
