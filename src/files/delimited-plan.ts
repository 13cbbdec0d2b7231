/** The options of a delimited reader, checked and with their defaults. */
import type { z } from 'zod'
import type { Dialect } from './dialect.ts'
import type { RowSchema } from './schema-fields.ts'
import type { TextEncoding } from './text-encoding.ts'

export interface DelimitedPlan {
  /** The path as the author gave it. */
  readonly file: string
  readonly schema: z.ZodType | undefined
  readonly fields: RowSchema | undefined
  readonly dialect: Dialect
  readonly comment: string | undefined
  readonly columns: readonly string[] | undefined
  readonly encoding: TextEncoding
  readonly rename: Readonly<Record<string, string>>
  readonly line: string | undefined
  readonly nullText: string | undefined
  readonly gzip: boolean | 'auto'
  readonly skipLines: number
  readonly emptyLines: 'skip' | 'record' | undefined
  readonly trim: boolean
  readonly maxRecordBytes: number
}

/** What the text between the quotes means, where quotes are doubled or escaped. */
export function unescaping({ quote, escape }: Dialect): (text: string) => string {
  if (quote === undefined) return (text) => text
  const doubled = quote + quote
  if (escape === undefined) return (text) => text.replaceAll(doubled, quote)
  return (text) => {
    let plain = ''
    for (let index = 0; index < text.length; index++) {
      const next = text[index + 1]
      const escapes = text[index] === escape ? next === quote || next === escape : text[index] === quote
      plain += escapes && next !== undefined ? text[++index] : text[index]
    }
    return plain
  }
}
