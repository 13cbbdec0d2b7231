import { expect } from 'chai'
import fc from 'fast-check'
import { unescaping } from '../../src/files/delimited-plan.ts'
import { createRecordScanner, ESCAPED, QUOTED, type ScannerOptions } from '../../src/files/record-scanner.ts'

const CAPACITY = 6
const options: ScannerOptions = {
  dialect: { delimiter: ',', quote: '"', escape: undefined },
  comment: undefined,
  emptyLines: 'skip',
  trim: false,
  multibyte: true,
  fieldCapacity: CAPACITY,
  recordCapacity: 100,
}

interface Found {
  readonly fields: readonly string[]
  readonly quoted: readonly boolean[]
  readonly line: number
  readonly raw: string
}

/** Scans in pieces of `blockBytes`, as the reader does, and gives all records up to a malformed one. */
function scanAll(
  text: string,
  change: Partial<ScannerOptions> = {},
  blockBytes = Infinity,
  limit = 100,
): { records: Found[]; malformed?: string } {
  const settings = { ...options, ...change }
  const scanner = createRecordScanner(settings)
  const unescape = unescaping(settings.dialect)
  const bytes = Buffer.from(text)
  const records: Found[] = []
  let from = 0
  let line = 0
  for (let to = Math.min(blockBytes, bytes.length); ; to = Math.min(to + blockBytes, bytes.length)) {
    const final = to === bytes.length
    for (;;) {
      const scanned = scanner.scan({ bytes, from, to, final, line, limit })
      from = scanned.end
      line = scanned.endLine
      if (scanned.count === 0) break
      const page = bytes.toString('utf8', scanned.recordStarts[0], scanned.recordEnds[scanned.count - 1])
      for (let record = 0; record < scanned.count; record++) {
        const fields = Array.from(
          { length: Math.min(CAPACITY, scanned.fieldCounts[record]!) },
          (_, field) => {
            const at = record * CAPACITY + field
            const value = page.substring(scanned.fieldStarts[at]!, scanned.fieldEnds[at])
            return {
              flags: scanned.fieldFlags[at]!,
              text: scanned.fieldFlags[at]! & ESCAPED ? unescape(value) : value,
            }
          },
        )
        records.push({
          fields: fields.map((field) => field.text),
          quoted: fields.map(({ flags }) => (flags & QUOTED) !== 0),
          line: scanned.recordLines[record]!,
          raw: bytes.toString('utf8', scanned.recordStarts[record], scanned.recordEnds[record]),
        })
      }
      if (scanned.malformed) return { records, malformed: scanned.malformed.kind }
    }
    if (final) return { records }
  }
}

/** The same rules, character by character and as plainly as can be. */
function naive(text: string): { records: Found[]; malformed?: string } {
  const records: Found[] = []
  let at = 0
  let line = 1
  while (at < text.length) {
    const empty = /^\r?\n/.exec(text.slice(at))
    if (empty) {
      at += empty[0].length
      line++
      continue
    }
    const start = at
    const startLine = line
    const fields: string[] = []
    const quoted: boolean[] = []
    let malformed: string | undefined
    for (;;) {
      const opens = text[at] === '"'
      let field = ''
      if (opens) {
        at++
        while (at < text.length && (text[at] !== '"' || text[at + 1] === '"')) {
          if (text[at] === '"') at++
          if (text[at] === '\n') line++
          field += text[at++]
        }
        if (at === text.length) malformed = 'unclosed-quote'
        else at++
      }
      const rest = /^(?:[^,\r\n]|\r(?!\n))*/.exec(text.slice(at))![0]
      at += rest.length
      if (opens && rest !== '') malformed ??= 'text-after-quote'
      fields.push(opens ? field : rest)
      quoted.push(opens)
      if (text[at] !== ',') break
      at++
    }
    const newline = /^\r?\n/.exec(text.slice(at))
    if (newline) {
      at += newline[0].length
      line++
    }
    records.push({
      fields: fields.slice(0, CAPACITY),
      quoted: quoted.slice(0, CAPACITY),
      line: startLine,
      raw: text.slice(start, at),
    })
    if (malformed) return { records, malformed }
  }
  return { records }
}

describe('record scanner', () => {
  const pieces = fc.constantFrom(
    'a',
    'bc',
    ',',
    ',',
    '"',
    '""',
    '\n',
    '\r\n',
    '\r',
    'é',
    '€',
    '😀',
    ' ',
    '"x,y"',
    '"1\n2"',
  )
  const texts = fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join(''))

  it('finds the records and fields that a plain reference finds, in blocks of any size', () => {
    fc.assert(
      fc.property(
        texts,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 5 }),
        (text, blockBytes, limit) => {
          const expected = naive(text)
          const found = scanAll(text, {}, blockBytes, limit)
          // Of a malformed record only its extent matters: its fields are never used.
          if (expected.malformed !== undefined) {
            expect(found.malformed).to.equal(expected.malformed)
            expect(found.records.map(({ raw }) => raw)).to.deep.equal(expected.records.map(({ raw }) => raw))
            expect(found.records.slice(0, -1)).to.deep.equal(expected.records.slice(0, -1))
          } else expect(found).to.deep.equal(expected)
        },
      ),
      { numRuns: 3000 },
    )
  })

  const fieldsOf = (text: string, change?: Partial<ScannerOptions>): readonly (readonly string[])[] =>
    scanAll(text, change).records.map(({ fields }) => fields)

  it('counts fields beyond its capacity', () => {
    const scanner = createRecordScanner({ ...options, fieldCapacity: 2 })
    const bytes = Buffer.from('1,2,3,4\n')
    const scanned = scanner.scan({ bytes, from: 0, to: bytes.length, final: true, line: 0, limit: 9 })
    expect(scanned.fieldCounts[0]).to.equal(4)
  })

  it('takes a quote in the middle of a field for text', () => {
    expect(fieldsOf('5" nail,6"\n')).to.deep.equal([['5" nail', '6"']])
  })

  it('knows an escape character inside quotes only', () => {
    const dialect = { delimiter: ',', quote: '"', escape: '\\' }
    expect(fieldsOf('"a\\"b","c\\\\","d\\e","f""g",h\\i\n', { dialect })).to.deep.equal([
      ['a"b', 'c\\', 'd\\e', 'f"g', 'h\\i'],
    ])
  })

  it('has no quotes where the dialect has none', () => {
    const dialect = { delimiter: '\t', quote: undefined, escape: undefined }
    expect(fieldsOf('"a\tb"\n', { dialect })).to.deep.equal([['"a', 'b"']])
  })

  it('leaves out comments, also between records with multi-byte text, and counts their lines', () => {
    const { records } = scanAll('# é€😀\na,b\n# é€😀 "\nc,d\n#', { comment: '#' })
    expect(records.map(({ fields, line }) => [line, ...fields])).to.deep.equal([
      [2, 'a', 'b'],
      [4, 'c', 'd'],
    ])
  })

  it('trims around quotes, not inside them', () => {
    expect(fieldsOf(' a , " b " ,\tc\n', { trim: true })).to.deep.equal([['a', ' b ', 'c']])
    expect(fieldsOf(' é , ,"x" y\n', { trim: true })[0]!.slice(0, 2)).to.deep.equal(['é', ''])
  })

  it('keeps empty lines as records of one empty field where it is told to', () => {
    expect(fieldsOf('a\n\r\n\nb', { emptyLines: 'record' })).to.deep.equal([['a'], [''], [''], ['b']])
  })
})
