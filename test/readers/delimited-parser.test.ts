import { expect } from 'chai'
import { pino } from 'pino'
import { z } from 'zod'
import type { ItemReader, ParsedRecord, RecordParser } from '../../src/core/ports/item-reader.ts'
import { delimitedReader } from '../../src/readers/delimited.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

describe('A single record of a delimited file', () => {
  const folder = temporaryFolder()
  const scope = {
    signal: new AbortController().signal,
    logger: pino({ level: 'silent' }),
    resources: { find: () => undefined },
  }
  const parserOf = async <T>(reader: ItemReader<T>): Promise<RecordParser<T>> => {
    if (reader.openParser === undefined) throw new Error('it has no parser')
    return reader.openParser(scope)
  }

  const fileOf = (text: string | Buffer): Promise<string> => folder.file(`${Math.random()}.csv`, text)

  async function parsed<T>(reader: ItemReader<T>, raw: string, line = 7): Promise<ParsedRecord<T>> {
    const parser = await parserOf(reader)
    try {
      return await parser.parse(raw, { file: 'trades.csv', line })
    } finally {
      await parser.close()
    }
  }

  const Trade = z.object({ isin: z.string(), price: z.number(), at: z.int() })

  it('becomes the item that the reader of the whole file would make of it, with its line', async () => {
    const file = await fileOf('isin,price\nA,1\n')
    const reader = delimitedReader({ file, schema: Trade, line: 'at' })
    expect(await parsed(reader, '"x, ""y""",2.5')).to.deep.equal({
      item: { isin: 'x, "y"', price: 2.5, at: 7 },
    })
  })

  it('that is still no item says why, and where it stood', async () => {
    const reader = delimitedReader({ file: await fileOf('isin,price\n'), schema: Trade, line: 'at' })
    for (const [raw, reason] of [
      ['A', /line 7: 2 fields expected, 1 found/],
      ['A,free', /line 7: field "price"/],
      ['"A,1', /line 7: the quote/],
      ['', /holds no record/],
      ['A,1\nB,2', /holds more than one record/],
    ] as const) {
      const answer = await parsed(reader, raw)
      expect('error' in answer && answer.error.message, raw).to.match(reason)
    }
  })

  it('has been decoded, whatever the encoding of its file', async () => {
    const file = await fileOf(Buffer.from('isin;währung\n', 'latin1'))
    const reader = delimitedReader({ file, delimiter: ';', encoding: 'windows-1252' })
    expect(await parsed(reader, 'A;Zł€')).to.deep.equal({ item: { isin: 'A', währung: 'Zł€' } })
  })

  it('needs no file where the columns are given', async () => {
    const reader = delimitedReader({
      file: folder.path('gone.csv'),
      columns: ['isin', 'price'],
      skipLines: 2,
    })
    expect(await parsed(reader, 'A,1')).to.deep.equal({ item: { isin: 'A', price: '1' } })
  })

  it('cannot be made an item of where the header is gone', async () => {
    const reader = delimitedReader({ file: folder.path('gone.csv') })
    const error: unknown = await parserOf(reader).catch((thrown: unknown) => thrown)
    expect((error as Error).message).to.contain('gone.csv')
  })

  it('that holds bytes of no meaning is said to be lossy by its fault', async () => {
    const file = await fileOf(Buffer.from('isin,price\nA\xff,1\nB,2\n', 'latin1'))
    const opened = await delimitedReader({ file }).open({ ...scope, from: undefined })
    const page = await opened.read(10)
    await opened.close()
    expect(page?.fault?.isLossy).to.equal(true)
  })
})
