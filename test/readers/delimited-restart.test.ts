import { expect } from 'chai'
import { gzipSync } from 'node:zlib'
import { appendFile, truncate } from 'node:fs/promises'
import { z } from 'zod'
import { type BatchErrorCode, isBatchError } from '../../src/core/model/batch-error.ts'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import { delimitedReader } from '../../src/readers/delimited.ts'
import { itemReaderContract, type ItemReaderSubject } from '../../src/testing/contracts/item-reader.ts'
import { failureOf, readAll, readerScope } from '../files/reading.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

const ROWS = [
  '1,"plain"',
  '2,"with ""quotes"" and\nnewlines\r\n"',
  '3,é€😀',
  '# a comment with "',
  '',
  '4,',
  '5,""',
  '6,last',
]
const TEXT = `\ufeffskipped "line\n# comment\nid,text\n${ROWS.join('\n')}`

describe('delimited reader: restart', () => {
  const folder = temporaryFolder()
  const options = { comment: '#', skipLines: 1, line: 'at' } as const

  describe('keeps the contract of readers', () => {
    const large = `id,text\n${Array.from({ length: 30 }, (_, id) => `${id},"é ${id}\n"`).join('\r\n')}\n`
    const subjects: Record<string, () => Promise<ItemReaderSubject<unknown>>> = {
      'a plain file': async () => {
        const file = await folder.file('contract.csv', TEXT)
        const other = await folder.file('contract-2.csv', TEXT.replace('3,é€😀', '3,€é😀'))
        const broken = await folder.file('broken.csv', 'a,b\n1,2\n3\n4,5\n6,7\n8,"9" \n"10\n11",12\n13,"14\n')
        const failing = await folder.file('failing.csv', `a\n1\n2\n"${'x'.repeat(300_000)}`)
        const schema = z.object({ a: z.number().max(5), b: z.string() })
        return {
          reader: () => delimitedReader({ file, ...options }),
          replaced: () => delimitedReader({ file: other, ...options }),
          faulty: () => delimitedReader({ file: broken, schema }),
          failing: () => delimitedReader({ file: failing, maxRecordBytes: 1000 }),
        }
      },
      'a gzip file': async () => {
        const file = await folder.file('contract.csv.gz', gzipSync(large))
        const failing = await folder.file('cut.csv.gz', gzipSync(Buffer.from(large)).subarray(0, -9))
        return { reader: () => delimitedReader({ file }), failing: () => delimitedReader({ file: failing }) }
      },
      'a UTF-16 file': async () => {
        const file = await folder.file('contract-16.csv', Buffer.from(`\ufeff${large}`, 'utf16le'))
        return { reader: () => delimitedReader({ file, encoding: 'utf-16le' }) }
      },
    }
    for (const [name, prepare] of Object.entries(subjects)) {
      describe(name, () => {
        const subject = {} as {
          -readonly [K in keyof ItemReaderSubject<unknown>]: ItemReaderSubject<unknown>[K]
        }
        before(async () => {
          Object.assign(subject, await prepare())
        })
        const promised = {
          reader: () => subject.reader(),
          ...(name !== 'a UTF-16 file' && { failing: () => subject.failing!() }),
          ...(name === 'a plain file' && {
            faulty: () => subject.faulty!(),
            replaced: () => subject.replaced!(),
          }),
        }
        for (const { promise, check } of itemReaderContract(promised)) it(promise, check)
      })
    }
  })

  it('goes on at the byte and the line behind any record', async () => {
    const file = await folder.file('every.csv', TEXT)
    const reader = delimitedReader({ file, ...options })
    const whole = await readAll(reader)
    expect(whole.items.map(({ id, at }) => [id, at])).to.deep.equal([
      ['1', 4],
      ['2', 5],
      ['3', 8],
      ['4', 11],
      ['5', 12],
      ['6', 13],
    ])
    for (const [index, checkpoint] of whole.checkpoints.entries()) {
      const { offset } = checkpoint as { offset: number }
      const record = Buffer.from(TEXT).subarray(0, offset).toString()
      expect(
        record.endsWith(`${ROWS.filter((row) => /^\d/.test(row))[index]}${index === 5 ? '' : '\n'}`),
      ).to.equal(true)
      const rest = await readAll(reader, checkpoint)
      expect(rest.items).to.deep.equal(whole.items.slice(index + 1))
      expect(rest.lines).to.deep.equal(whole.lines.slice(index + 1))
    }
  })

  it('gives the same with quoted newlines over block boundaries of a file of several megabytes', async () => {
    const rows = Array.from({ length: 30_000 }, (_, id) => {
      const filler = id % 7 === 0 ? `"${'é "" x,\n'.repeat(id % 50)}"` : `${'plain '.repeat(id % 30)}`
      return `${id},${filler}${id % 3 === 0 ? '\r' : ''}`
    })
    const text = `id,text\n${rows.join('\n')}\n`
    const file = await folder.file('large.csv', text)
    const reader = delimitedReader({ file })
    const whole = await readAll(reader)
    expect(Buffer.byteLength(text)).to.be.greaterThan(3_000_000)
    expect(whole.items.map(({ id }) => Number(id))).to.deep.equal(rows.map((_, id) => id))
    expect(whole.items.map(({ text: found }) => found!.length)).to.deep.equal(
      rows.map((_, id) => (id % 7 === 0 ? 7 * (id % 50) : 6 * (id % 30))),
    )
    for (const index of [0, 1, 999, 12_345, 29_998, 29_999]) {
      const rest = await readAll(reader, whole.checkpoints[index], 77)
      expect(rest.items).to.deep.equal(whole.items.slice(index + 1))
      expect(rest.lines).to.deep.equal(whole.lines.slice(index + 1))
    }
    const zipped = await readAll(
      delimitedReader({ file: await folder.file('large.csv.gz', gzipSync(text)) }),
      whole.checkpoints[12_345],
    )
    expect(zipped.items).to.deep.equal(whole.items.slice(12_346))
    expect(zipped.lines).to.deep.equal(whole.lines.slice(12_346))
  })

  it('keeps checkpoints and positions of pages that are held while further ones are read', async () => {
    const rows = Array.from({ length: 2_000 }, (_, id) => `${id},${'x'.repeat(id % 700)}`)
    const file = await folder.file('held.csv', `id,text\n${rows.join('\n')}\n`)
    const reader = await delimitedReader({ file }).open(readerScope())
    const first = await reader.read(300)
    const told = first?.checkpointAfter(10)
    while ((await reader.read(500)) !== undefined);
    expect(first?.positionOf(10)).to.deep.equal({ file, line: 12 })
    expect(first?.checkpointAfter(10)).to.deep.equal(told)
    await reader.close()
  })

  it('reads a record that is larger than many blocks', async () => {
    const long = 'long "" line\n'.repeat(200_000)
    const file = await folder.file('long.csv', `id,text\n1,"${long}"\n2,b\n`)
    const { items, lines } = await readAll(delimitedReader({ file }))
    expect(items.map(({ text }) => text!.length)).to.deep.equal([200_000 * 12, 1])
    expect(lines).to.deep.equal([2, 200_003])
  })

  describe('refuses', () => {
    const refusal = async (
      file: string,
      from: unknown,
      code: BatchErrorCode = 'INPUT_CHANGED',
    ): Promise<string> => {
      const error = await failureOf(delimitedReader({ file }), from as Checkpoint)
      expect(isBatchError(error, code), String(error)).to.equal(true)
      return error.message
    }

    it('a file that is shorter than where it stopped', async () => {
      const file = await folder.file('shorter.csv', 'a,b\n1,2\n3,4\n')
      const { checkpoints } = await readAll(delimitedReader({ file }))
      await truncate(file, 8)
      expect(await refusal(file, checkpoints[1])).to.contain('of which 12 bytes were read: it has only 8.')
      expect(await refusal(file, { offset: 12, line: 3 })).to.contain(
        `Cannot resume ${file} at byte 12: it has only 8 bytes. The file was changed`,
      )
      const zipped = await folder.file('shorter.csv.gz', gzipSync('a,b\n1,2\n'))
      expect(await refusal(zipped, checkpoints[1])).to.contain('it has only 8.')
    })

    it('a file in which no record begins there', async () => {
      const file = await folder.file('other.csv', 'a,b\n1,2\n3,4')
      const { checkpoints } = await readAll(delimitedReader({ file }))
      expect((await readAll(delimitedReader({ file }), checkpoints[1])).items).to.deep.equal([])
      await appendFile(file, '4\n5,6\n')
      expect(await refusal(file, checkpoints[1])).to.contain('no record begins there')
      expect(await refusal(file, { offset: 2, line: 1 })).to.contain('its first record begins at byte 4')
    })

    it('what is no checkpoint of its own', async () => {
      const file = await folder.file('foreign.csv', 'a\n1\n')
      for (const from of [
        null,
        7n,
        [1],
        { offset: -1, line: 0 },
        { lastKey: 9n },
        { offset: 4, line: 2, input: {} },
      ]) {
        expect(await refusal(file, from, 'CHECKPOINT_REFUSED')).to.contain(
          'is no checkpoint of a delimited file',
        )
      }
    })
  })

  it('takes the numbers of a checkpoint as bigints as well', async () => {
    const file = await folder.file('bigint.csv', 'a\n1\n2\n')
    expect((await readAll(delimitedReader({ file }), { offset: 4n, line: 2n })).items).to.deep.equal([
      { a: '2' },
    ])
  })

  describe("from Spring Batch's context", () => {
    const reader = (file: string) => delimitedReader({ file, springName: 'trades' })

    it('leaves out as many records as Spring has read', async () => {
      const file = await folder.file('spring.csv', 'a,b\n1,"2\n"\n3\n5,6\n')
      const from = reader(file).checkpointFromSpring!({ 'trades.read.count': 2 })
      expect(from).to.deep.equal({ records: 2 })
      const { items, checkpoints } = await readAll(reader(file), from)
      expect(items).to.deep.equal([{ a: '5', b: '6' }])
      expect(checkpoints[0]).to.include({ offset: 17, line: 5 })
      expect((await readAll(reader(file), { records: 99 })).items).to.deep.equal([])
    })

    it('finds nothing without its key, and refuses while a chunk is being scanned', () => {
      expect(reader('x.csv').checkpointFromSpring!({ 'other.read.count': 2 })).to.equal(undefined)
      expect(() =>
        reader('x.csv').checkpointFromSpring!({ 'trades.read.count': 2, 'batch.chunkScanOffset': 1 }),
      ).to.throw(/scanned a failed chunk/)
      expect(delimitedReader({ file: 'x.csv' })).not.to.have.property('checkpointFromSpring')
    })
  })

  describe('encodings', () => {
    const read = async (encoding: string, bytes: Uint8Array) =>
      readAll(
        delimitedReader({ file: await folder.file(`${encoding}.csv`, bytes), encoding, columns: ['a', 'b'] }),
      )
    const hex = (text: string): Buffer => Buffer.from(text, 'hex')

    const examples: readonly (readonly [string, Buffer, string, string])[] = [
      ['windows-1252', hex('80932c94e40a'), '€“', '”ä'],
      ['iso-8859-1', hex('e42cdf0a'), 'ä', 'ß'],
      ['iso-8859-15', hex('a42ce40a'), '€', 'ä'],
      ['windows-1251', hex('cff02cf30a'), 'Пр', 'у'],
      ['koi8-r', hex('f0d22cd50a'), 'Пр', 'у'],
      ['shift_jis', hex('835c2c22955c220a'), 'ソ', '表'],
      ['gb18030', hex('c4e32cbac30a'), '你', '好'],
      ['euc-jp', hex('a5bd2cc9bd0a'), 'ソ', '表'],
      ['utf-16le', Buffer.from('\ufeff😀,"é"\n', 'utf16le'), '😀', 'é'],
      ['utf-16be', Buffer.from('\ufeff😀,é\n', 'utf16le').swap16(), '😀', 'é'],
      ['ascii', Buffer.from('a,b\n'), 'a', 'b'],
    ]
    for (const [encoding, bytes, a, b] of examples) {
      it(`reads ${encoding}`, async () => {
        const { items, checkpoints } = await read(
          encoding,
          Buffer.concat([bytes, encoding.startsWith('utf-16') ? Buffer.alloc(0) : bytes]),
        )
        expect(items[0]).to.deep.equal({ a, b })
        expect(items.at(-1)).to.deep.equal({ a, b })
        expect(
          (
            await readAll(
              delimitedReader({ file: folder.path(`${encoding}.csv`), encoding, columns: ['a', 'b'] }),
              checkpoints[0],
            )
          ).items,
        ).to.deep.equal(items.slice(1))
      })
    }

    it('refuses bytes that mean nothing in the encoding', async () => {
      const bad: Record<string, string> = {
        'windows-1252': '812c310a',
        ascii: 'e42c310a',
        shift_jis: '81ff2c310a',
        'iso-8859-3': 'a52c310a',
      }
      for (const [encoding, bytes] of Object.entries(bad)) {
        const { items, faults } = await read(encoding, hex(`${bytes}322c330a`))
        expect(items, encoding).to.deep.equal([{ a: '2', b: '3' }])
        expect(faults[0]).to.contain(`holds bytes that are not ${encoding}`)
      }
    })
  })

  describe('progress', () => {
    it('counts the bytes of the file, compressed ones behind gzip', async () => {
      const text = `a,b\n${'1,2\n'.repeat(50_000)}`
      for (const [name, bytes] of [
        ['p.csv', Buffer.from(text)],
        ['p.csv.gz', gzipSync(text)],
      ] as const) {
        const opened = await delimitedReader({ file: await folder.file(name, bytes) }).open(readerScope())
        const done: number[] = []
        while (await opened.read(1000)) done.push(opened.progress!().done)
        expect(opened.progress!()).to.deep.equal({ done: bytes.length, total: bytes.length, unit: 'bytes' })
        expect(done).to.deep.equal(done.toSorted((one, other) => one - other))
        await opened.close()
      }
    })
  })

  it('rejects a read that is pending when the step is aborted', async () => {
    const file = await folder.file('abort.csv', `a\n${'1\n'.repeat(500_000)}`)
    const stop = new AbortController()
    const opened = await delimitedReader({ file }).open(readerScope(undefined, stop.signal))
    await opened.read(10)
    stop.abort(new Error('enough'))
    let error: unknown
    for (let reads = 0; error === undefined && reads < 10_000; reads++)
      await opened.read(4096).catch((reason: unknown) => (error = reason))
    expect((error as Error).message).to.equal('enough')
    await opened.close()
  })
})
