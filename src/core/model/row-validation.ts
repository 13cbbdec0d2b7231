/** Runs the schema over rows in the cheapest way it allows. */
import type { z } from 'zod'

/** Validated rows up to the first that is refused. */
export interface ValidatedRows {
  readonly items: unknown[]
  /** Set where the row behind the last item was refused, or where the schema's own code threw on it. */
  readonly refused?: { readonly issues: readonly z.core.$ZodIssue[] } | { readonly thrown: unknown }
}

export type RowValidation = (
  count: number,
  rowAt: (index: number) => Record<string, unknown>,
) => Promise<ValidatedRows>

/** Without a schema rows are items as they are. */
export const withoutSchema: RowValidation = async (count, rowAt) => {
  const items: unknown[] = []
  for (let index = 0; index < count; index++) items.push(rowAt(index))
  return { items }
}

/** Parses synchronously until zod says that the schema is asynchronous, from then on asynchronously. */
export function schemaValidation(schema: z.ZodType): RowValidation {
  let asynchronous = false
  return async (count, rowAt) => {
    if (!asynchronous) {
      const rows = validateSync(schema, count, rowAt)
      if (!('thrown' in (rows.refused ?? {})) || !isAsyncError((rows.refused as { thrown: unknown }).thrown))
        return rows
      asynchronous = true
    }
    return validateAsync(schema, count, rowAt)
  }
}

function validateSync(
  schema: z.ZodType,
  count: number,
  rowAt: (index: number) => Record<string, unknown>,
): ValidatedRows {
  const items: unknown[] = []
  // One try for all rows: a schema that throws is rare, and costs its row only.
  try {
    for (let index = 0; index < count; index++) {
      const result = schema.safeParse(rowAt(index))
      if (!result.success) return { items, refused: result.error }
      items.push(result.data)
    }
    return { items }
  } catch (thrown) {
    return { items, refused: { thrown } }
  }
}

async function validateAsync(
  schema: z.ZodType,
  count: number,
  rowAt: (index: number) => Record<string, unknown>,
): Promise<ValidatedRows> {
  const items: unknown[] = []
  try {
    for (let index = 0; index < count; index++) {
      const result = await schema.safeParseAsync(rowAt(index))
      if (!result.success) return { items, refused: result.error }
      items.push(result.data)
    }
    return { items }
  } catch (thrown) {
    return { items, refused: { thrown } }
  }
}

function isAsyncError(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === '$ZodAsyncError'
}
