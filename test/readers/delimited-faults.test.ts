import { expect } from 'chai'
import { relative } from 'node:path'
import { z } from 'zod'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import { delimitedReader } from '../../src/readers/delimited.ts'
import { failureOf, readAll, readerScope } from '../files/reading.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

describe('delimited reader: what is wrong', () => {
  const folder = temporaryFolder()
  const trade = z.object({ isin: z.string().min(3), quantity: z.number().int() })

  describe('with a row', () => {
    it('is said with file, line, field, value and reason, and costs this row only', async () => {
      const file = await folder.file('rows.csv', 'isin,quantity\nDE01,5\nDE02,abc\nX,1.5\nDE03,7\nDE04,\n')
      const { items, faults, raws } = await readAll(delimitedReader({ file, schema: trade }))
      expect(items.map(({ isin }) => isin)).to.deep.equal(['DE01', 'DE03'])
      expect(faults).to.deep.equal([
        `${file} line 3: field "quantity": expected number, received "abc"`,
        `${file} line 4: field "isin": Too small: expected string to have >=3 characters, received "X"; field "quantity": expected int, received "1.5"`,
        `${file} line 6: field "quantity": expected number, received an empty field`,
      ])
      expect(raws).to.deep.equal(['DE02,abc', 'X,1.5', 'DE04,'])
    })

    it('cuts long values and long lists of issues', async () => {
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
      const file = await folder.file(
        'long.csv',
        `${names.join()}\n${names.map(() => 'x'.repeat(100)).join()}\n`,
      )
      const schema = z.object(Object.fromEntries(names.map((name) => [name, z.number()])))
      const [fault] = (await readAll(delimitedReader({ file, schema }))).faults
      expect(fault)
        .to.contain(`received "${'x'.repeat(60)}…"`)
        .and.contain('; and 2 more')
    })

    it('is said when the number of fields is wrong', async () => {
      const file = await folder.file('count.csv', 'a,b\n1,2\n1\n1,2,3\n4,5\n')
      const { items, faults } = await readAll(delimitedReader({ file }))
      expect(items).to.deep.equal([
        { a: '1', b: '2' },
        { a: '4', b: '5' },
      ])
      expect(faults).to.deep.equal([
        `${file} line 3: 2 fields expected, 1 found`,
        `${file} line 4: 2 fields expected, 3 found`,
      ])
    })

    it('is said when text follows a closing quote', async () => {
      const file = await folder.file('after.csv', 'a,b\n1,"x\n"y\n3,4\n')
      const { items, faults, raws } = await readAll(delimitedReader({ file }))
      expect(items).to.deep.equal([{ a: '3', b: '4' }])
      expect(faults).to.deep.equal([
        `${file} line 2: text follows a closing quote (line 2): double the quotes inside a quoted field`,
      ])
      expect(raws).to.deep.equal(['1,"x\n"y'])
    })

    it('is said when a quote is never closed, with the line where it opens', async () => {
      const file = await folder.file('unclosed.csv', 'a,b\n1,2\n"3\n",4\n5,"6\n7,8\n')
      const { items, faults } = await readAll(delimitedReader({ file }))
      expect(items).to.deep.equal([
        { a: '1', b: '2' },
        { a: '3\n', b: '4' },
      ])
      expect(faults).to.deep.equal([
        `${file} line 5: the quote that opens in line 5 is not closed before the end of the file`,
      ])
    })

    it('ends the step when a record is larger than it may be', async () => {
      const file = await folder.file('large.csv', `a,b\n1,2\n3,"${'x'.repeat(2_000_000)}`)
      const opened = await delimitedReader({ file, maxRecordBytes: 600_000 }).open(readerScope())
      expect((await opened.read(10))?.items).to.deep.equal([{ a: '1', b: '2' }])
      const error = await opened.read(10).catch((reason: unknown) => reason)
      expect(isBatchError(error, 'READ_FAILED')).to.equal(true)
      expect((error as Error).message).to.contain(
        `${file} line 3: the record that begins here is larger than 600000 bytes`,
      )
      await opened.close()
    })

    it('is said when it is not in the encoding, and costs this row only', async () => {
      const rows = Array.from({ length: 600 }, (_, index) => `${index},é`)
      const bad = Buffer.concat([Buffer.from('7,caf'), Buffer.from([0xe9]), Buffer.from('\n')])
      const bytes = Buffer.concat([
        Buffer.from(`a,b\n${rows.join('\n')}\n`),
        bad,
        Buffer.from('8,ok\n'),
        bad,
        Buffer.from('9,ok\n'),
      ])
      const file = await folder.file('latin.csv', bytes)
      const { items, faults, raws } = await readAll(delimitedReader({ file }))
      expect(items).to.have.length(602)
      expect(items.slice(-3)).to.deep.equal([
        { a: '599', b: 'é' },
        { a: '8', b: 'ok' },
        { a: '9', b: 'ok' },
      ])
      expect(faults).to.deep.equal(
        [602, 604].map(
          (line) =>
            `${file} line ${line}: holds bytes that are not utf-8: name the file's encoding, such as 'windows-1252'`,
        ),
      )
      expect(raws).to.deep.equal(['7,caf\ufffd', '7,caf\ufffd'])
    })

    it('is said when the schema itself throws', async () => {
      const file = await folder.file('thrown.csv', 'a\n1\n2\n3\n')
      const schema = z.object({
        a: z.string().transform((a) => {
          if (a === '2') throw new Error('no twos')
          return a
        }),
      })
      const { items, faults } = await readAll(delimitedReader({ file, schema }))
      expect(items).to.deep.equal([{ a: '1' }, { a: '3' }])
      expect(faults).to.deep.equal([`${file} line 3: the schema threw: no twos`])
    })
  })

  describe('with the header', () => {
    it('is said when columns are missing, with what is there and what may have been meant', async () => {
      const file = await folder.file('missing.csv', 'ISIN,quantty,note\nx,1,\n')
      expect((await failureOf(delimitedReader({ file, schema: trade }))).message).to.equal(
        `${file} has no column "isin" (did you mean "ISIN"?), "quantity" (did you mean "quantty"?). Its columns are "ISIN", "quantty", "note".`,
      )
    })

    it('is not said of columns that the schema can do without', async () => {
      const file = await folder.file('fewer.csv', 'isin\nDE01\n')
      const schema = z.object({ isin: z.string(), note: z.string().optional(), level: z.number().default(1) })
      expect((await readAll(delimitedReader({ file, schema }))).items).to.deep.equal([
        { isin: 'DE01', level: 1 },
      ])
    })

    it('is said when a column is there twice, or not allowed, or in the way of the line number', async () => {
      const file = await folder.file('twice.csv', 'a,b,a\n1,2,3\n')
      expect((await failureOf(delimitedReader({ file }))).message).to.contain('has more than one column "a"')
      const b = await readAll(delimitedReader({ file, schema: z.object({ b: z.number() }) }))
      expect(b.items).to.deep.equal([{ b: 2 }])
      const strict = z.strictObject({ b: z.string() })
      expect((await failureOf(delimitedReader({ file, schema: strict }))).message).to.contain(
        'has columns that the schema does not allow: "a", "a"',
      )
      const once = await folder.file('once.csv', 'a,b\n')
      expect((await failureOf(delimitedReader({ file: once, line: 'b' }))).message).to.contain(
        'has a column "b" of its own',
      )
    })

    it('is said when a renamed column is not there', async () => {
      const file = await folder.file('rename.csv', 'Cost Total $\n1\n')
      const error = await failureOf(delimitedReader({ file, rename: { 'Cost total': 'cost' } }))
      expect(error.message).to.contain('has no column "Cost total" (did you mean "Cost Total $"?)')
    })
  })

  describe('with the file', () => {
    it('is said when it is missing, with the absolute path and the working directory', async () => {
      const file = relative(process.cwd(), folder.path('absent.csv'))
      const error = await failureOf(delimitedReader({ file }))
      expect(isBatchError(error, 'READ_FAILED')).to.equal(true)
      expect(error.message).to.equal(
        `Cannot read ${folder.path('absent.csv')} (${file} as seen from ${process.cwd()}): there is no such file`,
      )
    })

    it('is said when it is a directory, a device, or empty', async () => {
      expect((await failureOf(delimitedReader({ file: folder.path('.') }))).message).to.contain(
        'it is a directory',
      )
      expect((await failureOf(delimitedReader({ file: '/dev/null' }))).message).to.contain('a pipe or device')
      const file = await folder.file('void.csv', '\ufeff\n\n')
      expect((await failureOf(delimitedReader({ file }))).message).to.contain(`${file} is empty`)
    })

    it('is said when it is UTF-16 and nobody said so', async () => {
      const file = await folder.file('utf16.csv', Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'))
      expect((await failureOf(delimitedReader({ file }))).message).to.contain(
        `say so with encoding: 'utf-16le'`,
      )
    })

    it('is said when it is no whole gzip file', async () => {
      const file = await folder.file('broken.gz', Buffer.from('1f8b080000000000000303', 'hex'))
      expect((await failureOf(delimitedReader({ file }))).message).to.contain(`${file} is no whole gzip file`)
    })
  })

  it('is said at once of options', () => {
    const file = 'trades.csv'
    const said = (make: () => unknown): string => {
      try {
        make()
      } catch (error) {
        expect(isBatchError(error, 'INVALID_READER_OPTIONS')).to.equal(true)
        return (error as Error).message
      }
      return 'nothing'
    }
    expect(said(() => delimitedReader({ file, delimiter: '||' }))).to.contain('delimiter is "||"')
    expect(said(() => delimitedReader({ file, delimiter: '"' }))).to.contain(
      'delimiter and quote are both "\\""',
    )
    expect(said(() => delimitedReader({ file, delimiter: '#', comment: '#' }))).to.contain(
      'delimiter and comment are both',
    )
    expect(said(() => delimitedReader({ file, quote: null, escape: '\\' }))).to.contain('inside quotes only')
    expect(said(() => delimitedReader({ file, encoding: 'klingon' }))).to.contain('encoding "klingon"')
    expect(said(() => delimitedReader({ file, skipLines: -1 }))).to.contain('skipLines is -1')
    expect(said(() => delimitedReader({ file, columns: [] }))).to.contain('columns is empty')
  })
})
