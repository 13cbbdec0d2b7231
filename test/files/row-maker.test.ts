import { expect } from 'chai'
import { createRecordScanner, type ScannedRecords } from '../../src/files/record-scanner.ts'
import { generatedRowMaker, loopingRowMaker, type RowLayout } from '../../src/files/row-maker.ts'

describe('row maker', () => {
  it('makes the same rows with and without code generation', () => {
    const dialect = { delimiter: ',', quote: '"', escape: undefined }
    const scanner = createRecordScanner({
      dialect,
      comment: undefined,
      emptyLines: 'skip',
      trim: false,
      multibyte: true,
      fieldCapacity: 3,
      recordCapacity: 9,
    })
    const bytes = Buffer.from('1,"a ""b""",é\n2,"",\n')
    const scanned: ScannedRecords = scanner.scan({
      bytes,
      from: 0,
      to: bytes.length,
      final: true,
      line: 7,
      limit: 9,
    })
    const layout: RowLayout = {
      columns: [
        { name: '__proto__', index: 2, convert: undefined },
        { name: 'it\'s "odd"\n', index: 1, convert: undefined },
        { name: 'number', index: 0, convert: (text, flags) => Number(text) + flags },
      ],
      line: 'line',
      fieldCapacity: 3,
      unescape: (text) => text.replaceAll('""', '"'),
    }
    for (const make of [generatedRowMaker(layout), loopingRowMaker(layout)]) {
      expect([0, 1].map((record) => Object.entries(make(scanned, bytes.toString(), record)))).to.deep.equal([
        [
          ['__proto__', 'é'],
          ['it\'s "odd"\n', 'a "b"'],
          ['number', 1],
          ['line', 8],
        ],
        [
          ['__proto__', ''],
          ['it\'s "odd"\n', ''],
          ['number', 2],
          ['line', 9],
        ],
      ])
    }
  })
})
