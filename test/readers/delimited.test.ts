import { expect } from 'chai'
import { z } from 'zod'
import { delimitedReader } from '../../src/readers/delimited.ts'
import { readAll } from '../files/reading.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'

describe('delimited reader', () => {
  const folder = temporaryFolder()

  describe('rows', () => {
    it('are objects of texts named by the header, where there is no schema', async () => {
      const file = await folder.file('plain.csv', 'isin,Cost Total $\nDE01,5\n"DE,02",""\n')
      const { items, lines } = await readAll(delimitedReader({ file }))
      expect(items).to.deep.equal([
        { isin: 'DE01', 'Cost Total $': '5' },
        { isin: 'DE,02', 'Cost Total $': '' },
      ])
      expect(lines).to.deep.equal([2, 3])
    })

    it('are named by columns where the file has no header, with the line number where it is asked for', async () => {
      const file = await folder.file('bare.csv', '1,"two\nlines"\r\n3,4')
      const { items } = await readAll(delimitedReader({ file, columns: ['a', 'b'], line: 'at' }))
      expect(items).to.deep.equal([
        { a: '1', b: 'two\nlines', at: 1 },
        { a: '3', b: '4', at: 3 },
      ])
    })

    it('can have a column named __proto__', async () => {
      const file = await folder.file('proto.csv', '__proto__,a\n1,2\n')
      const [item] = (await readAll(delimitedReader({ file }))).items
      expect(Object.entries(item!)).to.deep.equal([
        ['__proto__', '1'],
        ['a', '2'],
      ])
    })

    it('are renamed before the schema sees them, and hold its columns only', async () => {
      const file = await folder.file('renamed.csv', 'ISIN,Cost Total $,note\nDE01,5,x\n')
      const schema = z.object({ ISIN: z.string(), cost: z.number() })
      const { items } = await readAll(delimitedReader({ file, schema, rename: { 'Cost Total $': 'cost' } }))
      expect(items).to.deep.equal([{ ISIN: 'DE01', cost: 5 }])
    })
  })

  describe('types', () => {
    const schema = z.object({
      number: z.number(),
      whole: z.int().nullable(),
      big: z.bigint(),
      flag: z.boolean(),
      day: z.date(),
      text: z.string(),
      note: z.string().nullable(),
      size: z.enum(['S', 'L']).optional(),
      speed: z.coerce.number().nullable(),
      level: z.number().default(7),
    })
    const header = 'number,whole,big,flag,day,text,note,size,speed,level\n'

    it('are those of the schema', async () => {
      const file = await folder.file(
        'typed.csv',
        `${header}-1.25,3,12345678901234567890,t,2026-02-01,x,y,L,80,1e2\n`,
      )
      const { items, faults } = await readAll(delimitedReader({ file, schema }))
      expect(faults).to.deep.equal([])
      expect(items).to.deep.equal([
        {
          number: -1.25,
          whole: 3,
          big: 12345678901234567890n,
          flag: true,
          day: new Date('2026-02-01'),
          text: 'x',
          note: 'y',
          size: 'L',
          speed: 80,
          level: 100,
        },
      ])
    })

    it('tell an empty field, which is null, from an empty text in quotes', async () => {
      const file = await folder.file(
        'empty.csv',
        `${header}0,,1,false,2026-02-01,,,,,\n0,"",1,f,2026-02-01,"","",S,"",""\n`,
      )
      const { items, faults } = await readAll(delimitedReader({ file, schema }))
      expect(faults).to.deep.equal([])
      const same = {
        number: 0,
        whole: null,
        big: 1n,
        flag: false,
        day: new Date('2026-02-01'),
        text: '',
        speed: null,
        level: 7,
      }
      expect(items).to.deep.equal([
        { ...same, note: null, size: undefined },
        { ...same, note: '', size: 'S' },
      ])
    })

    it('never make 0 of an empty field, also where zod coerces', async () => {
      const file = await folder.file('coerced.csv', 'n\n1\n""\n" "\n2\n')
      const { items, faults } = await readAll(
        delimitedReader({ file, schema: z.object({ n: z.coerce.number() }) }),
      )
      expect(items).to.deep.equal([{ n: 1 }, { n: 2 }])
      expect(faults).to.deep.equal([
        `${file} line 3: field "n": expected number, received an empty field`,
        `${file} line 4: field "n": expected number, received an empty field`,
      ])
    })

    it('take another text for null', async () => {
      const file = await folder.file('nulls.csv', 'a,b\n\\N,"\\N"\n,x\n')
      const texts = await readAll(delimitedReader({ file, nullText: '\\N' }))
      expect(texts.items).to.deep.equal([
        { a: null, b: '\\N' },
        { a: '', b: 'x' },
      ])
    })

    it('reach through pipes, unions and transforms', async () => {
      const file = await folder.file('wrapped.csv', 'a,b\n4,\n')
      const wrapped = z
        .object({ a: z.number().transform((a) => a * 2), b: z.union([z.number(), z.null()]) })
        .transform(({ a, b }) => [a, b])
      expect((await readAll(delimitedReader({ file, schema: wrapped }))).items).to.deep.equal([[8, null]])
    })

    it('come from asynchronous schemas as well', async () => {
      const file = await folder.file('async.csv', 'a\n1\n2\n3\n')
      const schema = z.object({ a: z.number().refine(async (a) => a !== 2, 'must not be 2') })
      const { items, faults } = await readAll(delimitedReader({ file, schema }))
      expect(items).to.deep.equal([{ a: 1 }, { a: 3 }])
      expect(faults).to.deep.equal([`${file} line 3: field "a": must not be 2, received "2"`])
    })

    it('are left to a schema that is no object', async () => {
      const file = await folder.file('record.csv', 'a,b\n1,\n')
      const schema = z.record(z.string(), z.string())
      expect((await readAll(delimitedReader({ file, schema }))).items).to.deep.equal([{ a: '1', b: '' }])
    })
  })

  describe('dialect', () => {
    it('has delimiter, escape, comments, lines to skip and trimming', async () => {
      const content = 'made by hand\n# id; name\nid;name\n 1 ; "a\\"b" \n# 2;x\n\n3;c\n'
      const file = await folder.file('dialect.csv', content)
      const options = { delimiter: ';', escape: '\\', comment: '#', skipLines: 1, trim: true }
      const { items, lines } = await readAll(delimitedReader({ file, ...options }))
      expect(items).to.deep.equal([
        { id: '1', name: 'a"b' },
        { id: '3', name: 'c' },
      ])
      expect(lines).to.deep.equal([4, 7])
    })

    it('knows files without quotes', async () => {
      const file = await folder.file('unquoted.tsv', 'a\tb\n"\t5" nail\n')
      expect((await readAll(delimitedReader({ file, delimiter: '\t', quote: null }))).items).to.deep.equal([
        { a: '"', b: '5" nail' },
      ])
    })

    it('takes an empty line for a record in a file of one column, and skips it in others', async () => {
      const one = await folder.file('one.csv', 'a\nx\n\ny\n')
      expect((await readAll(delimitedReader({ file: one }))).items).to.deep.equal([
        { a: 'x' },
        { a: '' },
        { a: 'y' },
      ])
      expect((await readAll(delimitedReader({ file: one, emptyLines: 'skip' }))).items).to.have.length(2)
      const two = await folder.file('two.csv', '\na,b\n\n1,2\r\n\r\n')
      expect((await readAll(delimitedReader({ file: two }))).items).to.deep.equal([{ a: '1', b: '2' }])
    })

    it('takes a lone carriage return for text', async () => {
      const file = await folder.file('return.csv', 'a,b\r\n1\r,2\r\n3,4\r')
      expect((await readAll(delimitedReader({ file }))).items).to.deep.equal([
        { a: '1\r', b: '2' },
        { a: '3', b: '4\r' },
      ])
    })
  })

  it('gives nothing of a file that has a header only', async () => {
    const file = await folder.file('header.csv', 'a,b')
    expect((await readAll(delimitedReader({ file }))).items).to.deep.equal([])
  })

  it('gives nothing of an empty file whose columns are given', async () => {
    const file = await folder.file('nothing.csv', '')
    expect((await readAll(delimitedReader({ file, columns: ['a'] }))).items).to.deep.equal([])
  })
})
