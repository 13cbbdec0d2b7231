import { expect } from 'chai'
import fc from 'fast-check'
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { ItemSink, ItemWriter, WriterScope } from '../../src/core/ports/item-writer.ts'
import { delimitedReader, type DelimitedReaderOptions } from '../../src/readers/delimited.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import {
  NO_RESOURCES,
  NO_TRANSACTION_RESOURCES,
  SILENT_LOGGER,
  stored,
} from '../../src/testing/contracts/scope.ts'
import { delimitedWriter, type DelimitedWriterOptions } from '../../src/writers/delimited.ts'
import { readAll } from '../files/reading.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

/** `.ci/run` asks for more of them. */
const RUNS = Math.min(Number(process.env['BATCHWRIGHT_TEST_RUNS'] ?? 20), 60)

function scope(stepExecutionId = '1', from?: Checkpoint): WriterScope {
  const { signal } = new AbortController()
  return {
    from: from === undefined ? undefined : stored(from),
    jobName: 'contract',
    jobExecutionId: '1',
    stepName: 'load',
    stepExecutionId,
    signal,
    logger: SILENT_LOGGER,
    resources: NO_RESOURCES,
  }
}

async function writeAll<T>(writer: ItemWriter<T>, items: readonly T[]): Promise<void> {
  const sink = await writer.open(scope())
  if (items.length > 0) await sink.write(items, NO_TRANSACTION_RESOURCES)
  await sink.complete?.({ writeCount: items.length })
  await sink.close()
}

async function failureOf(work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => new Error('it works'),
    (reason: unknown) => reason as Error,
  )
  expect(isBatchError(error), error.stack).to.equal(true)
  return error
}

describe('delimited writer', () => {
  const folder = temporaryFolder()

  describe('keeps the contract of writers', () => {
    const items = ['a', 'b,c', '', '"e"', 'f\ng', '#h'].map((text, id) => ({ id, text }))
    const cases = itemWriterContract({ guarantee: 'transactional', checkpoints: true }, async () => {
      const own = await mkdtemp(join(tmpdir(), 'batchwright-writer-'))
      const file = join(own, 'out.csv')
      return {
        writer: delimitedWriter({
          file,
          columns: ['id', 'text'],
          footer: ({ writeCount }) => `# ${writeCount} rows`,
        }),
        items,
        shown: ({ id, text }: (typeof items)[number]) => ({ id: String(id), text }),
        visible: async () => {
          const there = (await readdir(own)).includes('out.csv')
          const found = there ? (await readAll(delimitedReader({ file, comment: '#' }))).items : []
          if (there) expect(await readFile(file, 'utf8')).to.match(new RegExp(`# ${found.length} rows\n$`))
          return found
        },
        hiddenUntilComplete: true,
        dispose: () => rm(own, { recursive: true }),
      }
    })
    for (const { promise, check } of cases) it(promise, check)
  })

  describe('writes', () => {
    const content = async <T>(writer: ItemWriter<T>, items: readonly T[]): Promise<string> => {
      await writeAll(writer, items)
      return readFile(writer.description.replace('delimited file ', ''), 'utf8')
    }

    it('header, values of each type, and a footer with the count', async () => {
      const file = folder.path('values.csv')
      const columns = ['text', 'number', 'big', 'flag', 'at', 'bytes', 'nothing'] as const
      const writer = delimitedWriter({ file, columns, footer: ({ writeCount }) => `# ${writeCount}` })
      const one = {
        text: 'a "b", c',
        number: -0,
        big: 12345678901234567890n,
        flag: true,
        at: new Date(0),
        bytes: Buffer.from('ff00', 'hex'),
        nothing: null,
      }
      expect(await content(writer, [one, { ...one, text: '', number: 1e21, flag: undefined }])).to.equal(
        'text,number,big,flag,at,bytes,nothing\n' +
          '"a ""b"", c",-0,12345678901234567890,true,1970-01-01T00:00:00.000Z,\\xff00,\n' +
          '"",1e+21,12345678901234567890,,1970-01-01T00:00:00.000Z,\\xff00,\n# 2\n',
      )
    })

    it('columns with labels, formats and computed values', async () => {
      const file = folder.path('columns.csv')
      const writer = delimitedWriter({
        file,
        columns: [
          { key: 'isin', header: 'ISIN no.' },
          { key: 'tags', format: (tags: readonly string[]) => tags.join('|') },
          {
            header: 'value',
            value: (trade: { price: number; quantity: number }) => trade.price * trade.quantity,
          },
        ],
        delimiter: ';',
        newline: '\r\n',
      })
      const trade = { isin: 'DE01', tags: ['x', 'y'], price: 2, quantity: 21 }
      expect(await content(writer, [trade])).to.equal('ISIN no.;tags;value\r\nDE01;x|y;42\r\n')
    })

    it('no header, or one of your own, and quotes around everything but null', async () => {
      const bare = delimitedWriter({
        file: folder.path('bare.csv'),
        columns: ['a', 'b'],
        header: false,
        quoting: 'always',
      })
      expect(await content(bare, [{ a: 1, b: null }])).to.equal('"1",\n')
      const own = delimitedWriter({
        file: folder.path('own.csv'),
        columns: ['a'],
        header: '# made by us',
        nullText: 'NULL',
      })
      expect(await content(own, [{ a: null }, { a: 'NULL' }])).to.equal('# made by us\nNULL\n"NULL"\n')
    })

    it('folders that are not there yet', async () => {
      const file = folder.path('new/folder/out.csv')
      expect(await content(delimitedWriter({ file, columns: ['a'] }), [])).to.equal('a\n')
    })
  })

  describe('refuses', () => {
    const refusal = async (
      value: unknown,
      options: Partial<DelimitedWriterOptions<'a'>> = {},
    ): Promise<string> => {
      const sink = await delimitedWriter({
        file: folder.path('refused.csv'),
        columns: ['a'],
        ...options,
      }).open(scope())
      const error = await failureOf(sink.write([{ a: value as string }], NO_TRANSACTION_RESOURCES))
      await sink.rolledBack!()
      await sink.close()
      return error.message
    }

    it('values that no field can hold, naming the column', async () => {
      expect(await refusal({}))
        .to.contain('Cannot write column "a" of')
        .and.contain('[object Object] is no text, number, boolean, date or bytes: give the column a format')
      expect(await refusal(new Date(NaN))).to.contain('an invalid date')
      expect(await refusal('half \ud83d')).to.contain('half a character')
      expect(await refusal('x,y', { quote: null })).to.contain('"x,y" cannot be written without quotes')
      expect(await refusal('', { quote: null })).to.contain('"" cannot be written without quotes')
    })

    it('options that cannot be', () => {
      const file = 'x.csv'
      expect(() => delimitedWriter({ file, columns: [] })).to.throw(/columns is empty/)
      expect(() => delimitedWriter({ file, columns: ['a'], nullText: 'a,b' })).to.throw(/nullText is "a,b"/)
      expect(() => delimitedWriter({ file, columns: ['a'], delimiter: '\n' })).to.throw(/delimiter is "\\n"/)
      expect(() => delimitedWriter({ file, columns: ['a'], delimiter: '#' })).to.throw(
        /delimiter and comment are both/,
      )
    })
  })

  it('leaves a file of that name as it is until the step completes, or refuses it', async () => {
    const file = await folder.file('existing.csv', 'old')
    const sink = await delimitedWriter({ file, columns: ['a'] }).open(scope())
    await sink.write([{ a: 1 }], NO_TRANSACTION_RESOURCES)
    expect(await readFile(file, 'utf8')).to.equal('old')
    await sink.complete!({ writeCount: 1 })
    await sink.complete!({ writeCount: 1 })
    await sink.close()
    expect(await readFile(file, 'utf8')).to.equal('a\n1\n')
    const refusing = delimitedWriter({ file, columns: ['a'], existing: 'refuse' })
    expect((await failureOf(refusing.open(scope()))).message).to.contain(`${file} exists already`)
  })

  describe('restart', () => {
    /** A step that has committed two chunks, and written a third. */
    const stopped = async (name: string, options: Partial<DelimitedWriterOptions<'a'>> = {}) => {
      const file = folder.path(`${name}/out.csv`)
      const writer = delimitedWriter({ file, columns: ['a'], footer: () => '# end', ...options })
      const sink = await writer.open(scope('41'))
      let from: Checkpoint | undefined
      for (const a of [1, 2]) {
        await sink.write([{ a }], NO_TRANSACTION_RESOURCES)
        from = sink.checkpoint!()
      }
      await sink.write([{ a: 'lost' }], NO_TRANSACTION_RESOURCES)
      return { file, writer, sink, from, part: folder.path(`${name}/.out.csv.41.part`) }
    }

    it('writes a part file of its own, and keeps the other until a commit of its own is known', async () => {
      const { writer, from, sink: first } = await stopped('own-part')
      const parts = async () => (await readdir(folder.path('own-part'))).toSorted()
      expect(from).to.deep.include({ part: '.out.csv.41.part', bytes: 6, records: 2 })
      const second = await writer.open(scope('42', from))
      await second.write([{ a: 3 }], NO_TRANSACTION_RESOURCES)
      second.checkpoint!()
      expect(await parts()).to.deep.equal(['.out.csv.41.part', '.out.csv.42.part'])
      await second.write([{ a: 4 }], NO_TRANSACTION_RESOURCES)
      expect(await parts()).to.deep.equal(['.out.csv.42.part'])
      await second.complete!({ writeCount: 4 })
      await second.close()
      await first.close()
      expect(await parts()).to.deep.equal(['out.csv'])
      expect(await readFile(folder.path('own-part/out.csv'), 'utf8')).to.equal('a\n1\n2\n3\n4\n# end\n')
    })

    it('is refused when the part file is shorter, or gone', async () => {
      const { writer, from, part, sink } = await stopped('shorter')
      await sink.close()
      await truncate(part, 5)
      const shorter = await failureOf(writer.open(scope('42', from)))
      expect(isBatchError(shorter, 'CHECKPOINT_REFUSED')).to.equal(true)
      expect(shorter.message).to.contain(`6 bytes were committed in ${part}, which has only 5 bytes`)
      await rm(part)
      await writeFile(folder.path('shorter/out.csv'), 'a\n1\n3\n# end\n')
      expect((await failureOf(writer.open(scope('42', from)))).message).to.contain('which is gone')
    })

    it('finds its own file under the final name when the process died before the step was recorded', async () => {
      const { file, writer, from, part, sink } = await stopped('published', { existing: 'refuse' })
      await sink.rolledBack!()
      await sink.complete!({ writeCount: 2 })
      await sink.close()
      expect(await stat(part).catch(() => 'gone')).to.equal('gone')
      const second = await writer.open(scope('42', from))
      await second.complete!({ writeCount: 2 })
      await second.close()
      expect(await readFile(file, 'utf8')).to.equal('a\n1\n2\n# end\n')
      expect(await readdir(folder.path('published'))).to.deep.equal(['out.csv'])
    })

    it('removes its part file when it closes before anything could be committed', async () => {
      const file = folder.path('untouched/out.csv')
      const sink = await delimitedWriter({ file, columns: ['a'] }).open(scope())
      await sink.write([{ a: 1 }], NO_TRANSACTION_RESOURCES)
      await sink.close()
      expect(await readdir(folder.path('untouched'))).to.deep.equal([])
    })

    it('goes on in another part file of the same owner without touching what it committed', async () => {
      const { writer, from, sink } = await stopped('same-owner')
      await sink.close()
      const again: ItemSink<{ a: number }> = await writer.open(scope('41', from))
      await again.write([{ a: 3 }], NO_TRANSACTION_RESOURCES)
      await again.close()
      expect(await readdir(folder.path('same-owner'))).to.deep.equal(['.out.csv.41.part'])
    })
  })

  describe('is read back value by value', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc
        .array(
          fc.constantFrom(
            '"',
            '\\',
            ',',
            ';',
            '\t',
            '\n',
            '\r',
            '\r\n',
            ' ',
            '#',
            '\ufeff',
            '\u2028',
            'é',
            '😀',
            '\0',
            'x',
          ),
          { maxLength: 8 },
        )
        .map((parts) => parts.join('')),
    )
    const cell = fc.option(text)

    /** Reads what it wrote, at once and again from a checkpoint. */
    const roundTrip = async (
      rows: readonly Record<string, string | null>[],
      columns: readonly string[],
      write: Partial<DelimitedWriterOptions<string>>,
      read: Partial<DelimitedReaderOptions>,
    ): Promise<void> => {
      const file = folder.path('round-trip.csv')
      await writeAll(delimitedWriter({ file, columns, ...write }), rows)
      const named = write.header === false ? { columns } : {}
      const reader = delimitedReader({ file, nullText: '', ...(read as object), ...named })
      const { items, faults, checkpoints } = await readAll(reader)
      expect(faults).to.deep.equal([])
      expect(items).to.deep.equal(rows)
      const middle = rows.length >> 1
      if (middle > 0)
        expect((await readAll(reader, checkpoints[middle - 1])).items).to.deep.equal(rows.slice(middle))
    }

    const dialects: readonly (readonly [
      string,
      Partial<DelimitedWriterOptions<string>>,
      Partial<DelimitedReaderOptions>,
    ])[] = [
      ['as it comes', {}, {}],
      [
        'with comments, tabs and CRLF',
        { delimiter: '\t', newline: '\r\n' },
        { delimiter: '\t', comment: '#' },
      ],
      ['with an escape character', { escape: '\\' }, { escape: '\\' }],
      ['read with trimming', {}, { trim: true, comment: '#' }],
      ['always quoted, without a header', { quoting: 'always', header: false }, {}],
      ['without a header', { header: false }, {}],
    ]
    for (const [name, write, read] of dialects) {
      it(name, async () => {
        const rows = fc.array(fc.record({ a: cell, 'b c': cell, d: cell }), { maxLength: 6 })
        await fc.assert(
          fc.asyncProperty(rows, (all) => roundTrip(all, ['a', 'b c', 'd'], write, read)),
          { numRuns: RUNS },
        )
      })

      it(`${name}, in a single column`, async () => {
        const rows = fc.array(fc.record({ a: cell }), { maxLength: 6 })
        await fc.assert(
          fc.asyncProperty(rows, (all) => roundTrip(all, ['a'], write, read)),
          { numRuns: RUNS },
        )
      })
    }

    it('with odd column names', async () => {
      const names = fc.uniqueArray(
        text.filter((name) => name !== '__proto__'),
        { minLength: 1, maxLength: 4 },
      )
      const check = (columns: string[]) =>
        roundTrip([Object.fromEntries(columns.map((name) => [name, name]))], columns, {}, {})
      await fc.assert(fc.asyncProperty(names, check), { numRuns: RUNS })
    })
  })
})
