import { expect } from 'chai'
import { copyFile, rename, utimes, writeFile } from 'node:fs/promises'
import { crc32, gzipSync } from 'node:zlib'
import { isBatchError } from '../../src/core/model/batch-error.ts'
import type { Checkpoint } from '../../src/core/model/json-value.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import { delimitedReader } from '../../src/readers/delimited.ts'
import { readAll, readerScope } from '../files/reading.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

const HEAD = 'id,text\n'
const row = (id: number): string => `${id},"text ${id}\n"\n`
const rows = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, index) => row(from + index)).join('')
const TEXT = HEAD + rows(0, 10_000)

async function idsFrom(reader: ItemReader<Record<string, string>>, from: Checkpoint): Promise<number[]> {
  return (await readAll(reader, from)).items.map(({ id }) => Number(id))
}

/** What the reader says when it is to go on. */
async function refusal(reader: ItemReader<unknown>, from: Checkpoint): Promise<string> {
  try {
    await readAll(reader, from)
  } catch (error) {
    if (isBatchError(error, 'INPUT_CHANGED')) return error.message
    throw error
  }
  throw new Error('it goes on')
}

describe('delimited reader: an input that has changed', () => {
  const folder = temporaryFolder()

  /** A file, and the checkpoint behind its 5,000th record, which stands in the middle of a page. */
  async function halfRead(name: string, content: string | Buffer = TEXT) {
    const file = await folder.file(name, content)
    const reader = delimitedReader({ file })
    const { checkpoints } = await readAll(reader, undefined, 300)
    return { file, reader, at: checkpoints[4999] as Checkpoint, whole: checkpoints.at(-1) as Checkpoint }
  }

  it('is found in the part that was read, and described as it was and is', async () => {
    const { file, reader, at } = await halfRead('changed.csv')
    await writeFile(file, TEXT.replace('7,"text 7', '7,"test 7'))
    const message = await refusal(reader, at)
    expect(message).to.match(/changed\.csv is not the file any more of which \d+ bytes were read/)
    expect(message).to.match(/the first that differs is among bytes 1 to \d+\./)
    expect(message).to.match(
      new RegExp(`then ${TEXT.length} bytes, modified \\d{4}-.*\\n  now  ${TEXT.length} bytes`),
    )
  })

  it('is found although size and modification time are the same', async () => {
    const past = new Date('2026-01-01T00:00:00Z')
    const file = await folder.file('kept-time.csv', TEXT)
    await utimes(file, past, past)
    const reader = delimitedReader({ file })
    const at = (await readAll(reader)).checkpoints[4999] as Checkpoint
    await writeFile(file, TEXT.replace('7,"text 7', '7,"test 7'))
    await utimes(file, past, past)
    const message = await refusal(reader, at)
    expect(message.match(/modified 2026-01-01T00:00:00.000Z/g)).to.have.length(2)
  })

  it('is found when another file has taken its place, before anything else is asked of that', async () => {
    const { file, reader, at } = await halfRead('replaced.csv')
    const other = await folder.file('other.csv', `other;columns\n${rows(0, 10_000)}`)
    await rename(other, file)
    expect(await refusal(reader, at)).to.contain('the first that differs is among bytes 1 to')
  })

  it('is found when it is shorter', async () => {
    const { file, reader, whole } = await halfRead('shorter.csv')
    await writeFile(file, TEXT.slice(0, 100_000))
    expect(await refusal(reader, whole)).to.contain('it has only 100000.')
  })

  it('is not what a file is that was only copied', async () => {
    const { file, at } = await halfRead('original.csv')
    await copyFile(file, folder.path('copy.csv'))
    const copy = delimitedReader({ file: folder.path('copy.csv') })
    expect(await idsFrom(copy, at)).to.deep.equal(Array.from({ length: 5000 }, (_, index) => 5000 + index))
  })

  it('may be mended and appended to behind the part that was read', async () => {
    const { file, reader, at } = await halfRead('mended.csv')
    await writeFile(file, TEXT.replace('5000,"text 5000', '5000,"mended').concat(rows(10_000, 10_010)))
    const { items } = await readAll(reader, at)
    expect(items[0]).to.deep.equal({ id: '5000', text: 'mended\n' })
    expect(items.length).to.equal(5010)
  })

  it('is gone on with where that is accepted, and from there on compared as it is now', async () => {
    const { file, reader, at } = await halfRead('accepted.csv')
    await writeFile(file, TEXT.replace('7,"text 7', '7,"test 7'))
    const opened = await reader.open({ ...readerScope(at), acceptChanges: true })
    const page = await opened.read(10)
    await opened.close()
    expect(page?.items[0]).to.deep.equal({ id: '5000', text: 'text 5000\n' })
    expect((await idsFrom(reader, page?.checkpointAfter(9) as Checkpoint))[0]).to.equal(5010)
  })

  it('is compared behind gzip by what is compressed', async () => {
    const { file, reader, at } = await halfRead('zipped.csv.gz', gzipSync(TEXT, { level: 1 }))
    await writeFile(file, gzipSync(TEXT, { level: 9 }))
    expect((await idsFrom(reader, at))[0]).to.equal(5000)
    await writeFile(file, gzipSync(TEXT.replace('7,"text 7', '7,"test 7')))
    expect(await refusal(reader, at)).to.contain('the first that differs')
  })

  it('is compared in whatever encoding', async () => {
    const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le')
    const file = await folder.file('utf16.csv', utf16(TEXT))
    const reader = delimitedReader({ file, encoding: 'utf-16le' })
    const { checkpoints } = await readAll(reader)
    const at = checkpoints[4999] as Checkpoint
    expect((await idsFrom(reader, at))[0]).to.equal(5000)
    await writeFile(file, utf16(TEXT.replace('7,"text 7', '7,"test 7')))
    expect(await refusal(reader, at)).to.contain('the first that differs')
  })

  it('is remembered by the hash of everything before the checkpoint of a last item, before and behind a restart', async () => {
    const { reader, at, whole } = await halfRead('hash.csv')
    const readOf = (checkpoint: Checkpoint | undefined): string =>
      (checkpoint as { input: { read: string } }).input.read.split(' ').at(-1) as string
    const expected = `${Buffer.byteLength(TEXT)}:${crc32(TEXT).toString(16).padStart(8, '0')}`
    expect(readOf(whole)).to.equal(expected)
    for (const limit of [1, 77, 10_000]) {
      const { checkpoints } = await readAll(reader, at, limit)
      expect(readOf(checkpoints.at(-1))).to.equal(expected)
    }
  })
})
