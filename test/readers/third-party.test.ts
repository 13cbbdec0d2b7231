import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'chai'
import { loadModule } from '../../src/process/load-modules.ts'
import type { ItemReader } from '../../src/core/ports/item-reader.ts'
import type { ItemWriter } from '../../src/core/ports/item-writer.ts'
import { itemReaderContract } from '../../src/testing/contracts/item-reader.ts'
import { itemWriterContract } from '../../src/testing/contracts/item-writer.ts'
import { inTransaction, rowsOf, type TestSchema, testSchema } from '../postgres/test-schema.ts'

/** Inside the package, so that it finds `batchwright/ports` as somebody else's project does. */
mkdirSync('dist/samples', { recursive: true })
const FOLDER = resolve(mkdtempSync('dist/samples/adapters-'))

/** What a sample of the page about adapters exports. */
async function exportsOf(name: string): Promise<Readonly<Record<string, unknown>>> {
  const page = readFileSync('docs/writing-adapters.md', 'utf8')
  const [, text] = new RegExp(`<!-- compiled: ${name} -->\\n\`\`\`ts\\n([\\s\\S]*?)\`\`\``).exec(page) ?? []
  if (text === undefined) throw new Error(`docs/writing-adapters.md has no sample ${name}`)
  const file = join(FOLDER, name)
  writeFileSync(file, text)
  return loadModule(file)
}

describe('The samples of docs/writing-adapters.md', () => {
  after(() => rmSync(FOLDER, { recursive: true, force: true }))

  describe('countingReader keeps the contract of readers', () => {
    const reader = async (): Promise<ItemReader<number>> => {
      const { countingReader } = await exportsOf('counting-reader.ts')
      return (countingReader as (end: number) => ItemReader<number>)(20)
    }
    for (const { promise, check } of itemReaderContract({ reader })) it(promise, check)
  })

  describe('numberWriter keeps the contract of writers', () => {
    let database: TestSchema
    before(async () => {
      database = await testSchema()
    })
    after(() => database.drop())

    const writerInto = async (table: string): Promise<ItemWriter<number>> => {
      const { numberWriter } = await exportsOf('number-writer.ts')
      return (numberWriter as (name: string) => ItemWriter<number>)(table)
    }
    const cases = itemWriterContract({ guarantee: 'transactional', checkpoints: false }, async () => {
      await database.pool.query('drop table if exists "a number"; create table "a number" (number int)')
      return {
        writer: await writerInto('a number'),
        items: [1, 2, 3, 4, 5, 6],
        ordered: false,
        visible: () => rowsOf(database.pool, 'select number from "a number"'),
        shown: (number: number) => ({ number }),
        transaction: inTransaction.bind(undefined, database.pool) as never,
        resources: database.resources,
      }
    })
    for (const { promise, check } of cases) it(promise, check)

    it('says what it needs, so that explain can say what is left without it', async () => {
      const { needs } = await writerInto('trade')
      expect(needs?.resource.name).to.equal('pg client')
      expect(needs?.fallback).to.equal('at-least-once')
    })
  })
})
